// Command telemetry exports traces and metrics, and uses services of clouds.
package main

import (
	"context"
	"os"

	ddstatsd "github.com/DataDog/datadog-go/v5/statsd"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go/service/sqs"
	cactus "github.com/cactus/go-statsd-client/v5/statsd"
	"github.com/getsentry/sentry-go"
	"github.com/minio/minio-go/v7"
	"github.com/prometheus/client_golang/api"
	"github.com/prometheus/client_golang/prometheus/push"
	smira "github.com/smira/go-statsd"
	"go.opentelemetry.io/otel/exporters/jaeger"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/zipkin"
	"gopkg.in/alexcesaro/statsd.v2"
)

func main() {
	ctx := context.Background()
	otlptracegrpc.New(ctx)                                           // want `need tcp localhost:4317 \(default of environment variable OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, else environment variable OTEL_EXPORTER_OTLP_ENDPOINT\) otlptracegrpc.New`
	otlptracegrpc.New(ctx, otlptracegrpc.WithInsecure())             // want `need tcp localhost:4317 .* otlptracegrpc.New`
	otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint("tempo:4317")) // want `need tcp tempo:4317 otlptracegrpc.New`
	opts := []otlptracegrpc.Option{otlptracegrpc.WithInsecure(), otlptracegrpc.WithEndpointURL("http://tempo2")}
	otlptracegrpc.NewClient(opts...)                                                     // want `need tcp tempo2:80 otlptracegrpc.NewClient`
	otlptracegrpc.New(ctx, otlptracegrpc.WithGRPCConn(nil))                              // ok
	otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(os.Getenv("OTLP")))                // want `need tcp environment variable OTLP otlptracehttp.New` `need environment variable OTLP os`
	otlptracehttp.NewClient()                                                            // want `need tcp localhost:4318 .* otlptracehttp.NewClient`
	otlpmetricgrpc.New(ctx)                                                              // want `need tcp localhost:4317 .* otlpmetricgrpc.New`
	otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL("https://m.example.com/v1"))  // want `need tcp m.example.com:443 otlpmetrichttp.New`
	otlploggrpc.New(ctx)                                                                 // want `need tcp localhost:4317 .* otlploggrpc.New`
	otlploghttp.New(ctx)                                                                 // want `need tcp localhost:4318 .* otlploghttp.New`
	jaeger.New(jaeger.WithCollectorEndpoint())                                           // want `need tcp localhost:14268 \(default of environment variable OTEL_EXPORTER_JAEGER_ENDPOINT\) jaeger.WithCollectorEndpoint`
	jaeger.New(jaeger.WithCollectorEndpoint(jaeger.WithEndpoint("http://j1:14268/api"))) // want `need tcp j1:14268 jaeger.WithCollectorEndpoint`
	jaeger.New(jaeger.WithAgentEndpoint(jaeger.WithAgentHost("j2")))                     // want `need udp j2:6831 jaeger.WithAgentEndpoint`
	zipkin.New("http://zipkin:9411/api/v2/spans")                                        // want `need tcp zipkin:9411 zipkin.New`
	zipkin.New("")                                                                       // want `need tcp localhost:9411 .* zipkin.New`
	push.New("http://push:9091", "job")                                                  // want `need tcp push:9091 push.New`
	api.NewClient(api.Config{Address: "http://prom:9090"})                               // want `need tcp prom:9090 api.NewClient`
	ddstatsd.New("dd:8125")                                                              // want `need udp dd:8125 statsd.New`
	ddstatsd.New("unix:///run/dd.sock")                                                  // want `need unix /run/dd.sock statsd.New`
	smira.NewClient("sd:8125")                                                           // want `need udp sd:8125 statsd.NewClient`
	cactus.NewClient("sd:8126", "prefix")                                                // want `need udp sd:8126 statsd.NewClient`
	cactus.NewClientWithConfig(&cactus.ClientConfig{Address: "sd:8127"})                 // want `need udp sd:8127 statsd.NewClientWithConfig`
	statsd.New(statsd.Address("sd:8128"))                                                // want `need udp sd:8128 statsd.New`
	statsd.New()                                                                         // want `need udp :8125 statsd.New`
	sentry.Init(sentry.ClientOptions{Dsn: "https://key@o1.ingest.sentry.io/1"})          // want `need tcp o1.ingest.sentry.io:443 sentry.Init`
	minio.New("minio:9000", &minio.Options{})                                            // want `need tcp minio:9000 minio.New`
	minio.New("s3.example.com", &minio.Options{Secure: true})                            // want `need tcp s3.example.com:443 minio.New`
	cfg, _ := config.LoadDefaultConfig(ctx, config.WithRegion("eu-west-1"))
	s3.NewFromConfig(cfg)                                         // want `need tcp s3.eu-west-1.amazonaws.com:443 s3.NewFromConfig` `need tcp \*.s3.eu-west-1.amazonaws.com:443 s3`
	cloudwatchlogs.NewFromConfig(aws.Config{Region: "us-east-1"}) // want `need tcp logs.us-east-1.amazonaws.com:443 cloudwatchlogs.NewFromConfig`
	other, _ := config.LoadDefaultConfig(ctx)
	cloudwatchlogs.NewFromConfig(other) // want `need tcp environment variable AWS_REGION cloudwatchlogs.NewFromConfig`
	sqs.New(nil)                        // want `need tcp environment variable AWS_REGION sqs.New`
	aws.String("x")                     // ok
}
