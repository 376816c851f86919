package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cofaas/cofaas/test/network/task"
)

// get asks with a method and body, and returns status, protocol and body.
func get(ctx context.Context, method, url, body string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return fmt.Sprintf("%s %s %q", resp.Proto, resp.Status, text), err
}

// httpGet gets a URL some times one after the other, and says whether a connection was used more than once: not each may be, as package http
// does not keep one whose request was sent only after the answer, as it looks.
func httpGet(ctx context.Context, r *task.Report, args []string) error {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	reused := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		reused = reused || info.Reused
	}})
	for range n {
		got, err := get(ctx, http.MethodGet, args[0], "")
		if err != nil {
			return err
		}
		r.Addf("%s", got)
	}
	for tries := 0; tries < 10 && !reused; tries++ {
		if _, err := get(ctx, http.MethodGet, args[0], ""); err != nil {
			return err
		}
	}
	r.Addf("a connection was used again: %t", reused)
	return nil
}

// httpPost posts once. What is posted must not be posted twice, so that a connection that the server has closed meanwhile must have been
// noticed before.
func httpPost(ctx context.Context, r *task.Report, args []string) error {
	got, err := get(ctx, http.MethodPost, args[0], "body of "+args[1])
	if err != nil {
		return err
	}
	r.Addf("%s", got)
	return nil
}

// httpParallel asks many times at once.
func httpParallel(ctx context.Context, r *task.Report, args []string) error {
	var right atomic.Int32
	group, ctx := errgroup.WithContext(ctx)
	for i := range 50 {
		group.Go(func() error {
			want := strings.Repeat(fmt.Sprint(i, " "), 1000)
			got, err := get(ctx, http.MethodPost, args[0], want)
			if err == nil && strings.HasSuffix(got, fmt.Sprintf("%q", want)) {
				right.Add(1)
			}
			return err
		})
	}
	err := group.Wait()
	r.Addf("%d right, %v", right.Load(), err)
	return nil
}

// httpCancel gives a request up while the server thinks.
func httpCancel(ctx context.Context, r *task.Report, args []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) {
		time.AfterFunc(100*time.Millisecond, cancel)
	}})
	_, err := get(ctx, http.MethodGet, args[0], "")
	r.Failure("get", err)
	return nil
}

// httpTimeout has the client give up.
func httpTimeout(ctx context.Context, r *task.Report, args []string) error {
	var asked atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { asked.Store(true) }})
	var err error
	for _, d := range []time.Duration{200 * time.Millisecond, 2 * time.Second, 20 * time.Second} {
		client := &http.Client{Timeout: d}
		req, failed := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
		if failed != nil {
			return failed
		}
		var resp *http.Response
		if resp, err = client.Do(req); err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if asked.Load() { // else its time was up before it was on its way
			break
		}
	}
	r.Addf("get: %s", task.Kind(err))
	return nil
}

// httpDownload says how long a body is.
func httpDownload(ctx context.Context, r *task.Report, args []string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	r.Addf("%s, %d bytes, %v, trailer %v", resp.Status, n, err, resp.Trailer)
	return nil
}

// httpFail asks for what cannot be had.
func httpFail(ctx context.Context, r *task.Report, args []string) error {
	client := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{Timeout: time.Minute}).DialContext}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err == nil {
		resp.Body.Close()
		return errors.New("no error: " + resp.Status)
	}
	r.Failure("get", err)
	return nil
}

// httpLoop measures how long requests take one after the other, as many as the second argument says.
func httpLoop(ctx context.Context, r *task.Report, args []string) error {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	if _, err := get(ctx, http.MethodGet, args[0], ""); err != nil {
		return err
	}
	start := time.Now()
	for range n {
		resp, err := http.Get(args[0])
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return err
		}
	}
	r.Took(time.Since(start))
	return nil
}
