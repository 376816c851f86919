package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// web has a server and a client whose connections stay open.
func web() {
	l := listenLow()
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(w, r.Body)
		fmt.Fprintf(w, "|%s %d %v", r.URL.Path, n, err)
	})}
	go srv.Serve(l)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	get := func(path string) (text string, reused bool) {
		req := must(http.NewRequest("POST", "http://"+l.Addr().String()+path, nil))
		trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }}
		res := must(client.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace))))
		defer res.Body.Close()
		return string(must(io.ReadAll(res.Body))), reused
	}
	// Not each is: one whose request was sent only after the answer, as it looks, is not kept.
	again := false
	for range 10 {
		text, reused := get("/path")
		fmt.Println(text)
		again = again || reused
	}
	fmt.Println("used again:", again)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { get("/many") })
	}
	wg.Wait()
	client.CloseIdleConnections()
	fmt.Println(srv.Close())
	_, err := client.Get("http://" + l.Addr().String())
	fmt.Println(describe(err))
}

// encrypted has a server with a certificate, and clients that know it and do not.
func encrypted() {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"probe.test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	cert := must(x509.ParseCertificate(der))
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	l := must(tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(c, c)
				c.Close()
			}()
		}
	}()
	c := must(tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "probe.test"}))
	fmt.Fprint(c, "hello")
	c.CloseWrite()
	fmt.Printf("%s %s\n", must(io.ReadAll(c)), tls.VersionName(c.ConnectionState().Version))
	_, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "probe.test"})
	fmt.Println(describe(err))
	l.Close()
}
