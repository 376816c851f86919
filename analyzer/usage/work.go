package usage

type traceKey struct {
	value
	query
}

// A work keeps questions about values from being answered over and over, or
// without end.
type work struct {
	traced map[traceKey]*tracer
	terms  map[termKey]*Term
	leaves map[leafKey]bool // that are being evaluated, and whether they were met again
	active map[any]bool     // questions that are being answered
	cuts   int              // questions that depended on themselves
	// What was looked at and evaluated for the first of the active questions.
	steps, evaluated int
}

// maxSteps bounds how many values are looked at for one question. More than this
// is no program's way to name a target.
const maxSteps = 20000

// maxTerms bounds how many strings are evaluated for one question: in code that
// builds text in circles there can be any number of ways.
const maxTerms = 500

// once runs answer unless the same question is being answered already; then
// there is nothing to add. It runs keep if the answer is good for all who ask: it
// did not leave out anything that is being answered for somebody else.
func (w *work) once(key any, answer, keep func()) {
	if w.active[key] {
		w.cuts++
		return
	}
	if len(w.active) == 0 {
		w.steps = 0
	}
	w.active[key] = true
	before := w.cuts
	answer()
	delete(w.active, key)
	if w.cuts == before || len(w.active) == 0 {
		keep()
	}
}
