// Package telemetry has a connection of its own, which it shows nobody.
package telemetry

import (
	"context"

	"google.golang.org/grpc"
)

func Start(ctx context.Context) error {
	conn, err := grpc.NewClient("collector:4317")
	if err != nil {
		return err
	}
	return conn.Invoke(ctx, "/", nil, nil)
}
