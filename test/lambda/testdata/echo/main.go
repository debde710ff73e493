// Command echo is a function that the runtime tests drive: it answers as its event tells it to.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/incident"
)

type event struct {
	Say, Fail, Panic string
	Exit             bool
}

type answer struct {
	Said string
	Left time.Duration
}

func main() {
	if os.Getenv("ECHO_BROKEN") != "" {
		slog.Error("cold start failed")
		os.Exit(1)
	}
	lambda.Start(boot.Task(slog.New(slog.NewJSONHandler(os.Stdout, nil)), func(ctx context.Context, in event) (answer, error) {
		switch {
		case in.Exit:
			os.Exit(3)
		case in.Panic != "":
			panic(in.Panic)
		case in.Fail != "":
			return answer{}, incident.Errorf(incident.Class(in.Fail), "told to, with a secret detail")
		}
		deadline, _ := ctx.Deadline()
		return answer{in.Say, time.Until(deadline)}, nil
	}))
}
