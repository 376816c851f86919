package main

import (
	"context"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/cofaas/cofaas/test/network/task"
)

// mongoPing connects, which starts monitors with connections of their own, and has commands run.
func mongoPing(ctx context.Context, r *task.Report, args []string) error {
	c, err := mongo.Connect(options.Client().ApplyURI("mongodb://" + args[0] + "/?directConnection=true").SetServerSelectionTimeout(30 * time.Second))
	if err != nil {
		return err
	}
	r.Addf("ping: %v", c.Ping(ctx, nil))
	var reply bson.M
	err = c.Database("test").RunCommand(ctx, bson.D{{Key: "echo", Value: "hei"}}).Decode(&reply)
	r.Addf("echo: %v, %v", reply["echo"], err)
	return c.Disconnect(ctx)
}

// mongoUnreachable has the driver say why it finds no server.
func mongoUnreachable(ctx context.Context, r *task.Report, args []string) error {
	// It has to have dialled before its time is up.
	for _, d := range []time.Duration{time.Second, 5 * time.Second, 20 * time.Second} {
		c, err := mongo.Connect(options.Client().ApplyURI("mongodb://" + args[0] + "/?directConnection=true").SetServerSelectionTimeout(d))
		if err != nil {
			return err
		}
		failure := c.Ping(ctx, nil)
		if err := c.Disconnect(ctx); err != nil {
			return err
		}
		// The driver's text has the whole topology; that of the dial is in it.
		_, cause, dialled := strings.Cut(failure.Error(), "Last error: ")
		if dialled || d == 20*time.Second {
			r.Addf("timeout: %t, cause: %s", mongo.IsTimeout(failure), strings.TrimRight(cause, "}, ]"))
			return nil
		}
	}
	return nil
}
