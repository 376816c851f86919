package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/cofaas/cofaas/test/network/task"
)

// websocketEcho talks to a server that returns what it gets, at a URL.
func websocketEcho(ctx context.Context, r *task.Report, args []string) error {
	conn, resp, err := websocket.DefaultDialer.DialContext(ctx, args[0], nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	r.Addf("status %d", resp.StatusCode)
	pong := make(chan string, 1)
	conn.SetPongHandler(func(data string) error {
		pong <- data
		return nil
	})
	if err := conn.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(time.Minute)); err != nil {
		return err
	}
	for _, message := range []string{"hei", "", strings.Repeat("large ", 100_000)} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
			return err
		}
		kind, got, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		r.Addf("message of kind %d, %d bytes, equal: %t", kind, len(got), string(got) == message)
	}
	r.Addf("pong: %s", <-pong)
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "bye")
	if err := conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(time.Minute)); err != nil {
		return err
	}
	_, _, err = conn.ReadMessage()
	r.Addf("closed normally: %t, %s", websocket.IsCloseError(err, websocket.CloseNormalClosure), fmt.Sprint(err))
	return nil
}
