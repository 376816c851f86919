package guest

// Offsets in the records status and detail of interface cofaas:grpc/types; see internal/mapping.
const (
	statusCode, statusMessage, statusDetails = 0, 4, 12
	detailURL, detailValue, detailSize       = 0, 8, 16
)

func (r Record) putStatus(s *Scratch, st *Status) {
	r.PutU32(statusCode, st.Code)
	r.PutString(statusMessage, st.Message)
	PutEach(s, r, statusDetails, st.Details, detailSize, func(_ *Scratch, e Record, d Detail) {
		e.PutString(detailURL, d.TypeURL)
		e.PutBytes(detailValue, d.Value)
	})
}

func (r Record) status() *Status {
	return &Status{
		Code:    r.U32(statusCode),
		Message: r.String(statusMessage),
		Details: Each(r, statusDetails, detailSize, func(e Record) Detail {
			return Detail{TypeURL: e.String(detailURL), Value: e.Bytes(detailValue)}
		}),
	}
}
