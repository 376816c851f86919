// Command queues uses message queues.
package main

import (
	"context"
	"os"
	"strings"

	"github.com/IBM/sarama"
	sarama2 "github.com/Shopify/sarama"
	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats.go"
	"github.com/nsqio/go-nsq"
	"github.com/rabbitmq/amqp091-go"
	"github.com/segmentio/kafka-go"
	"github.com/streadway/amqp"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	ctx := context.Background()
	nats.Connect("nats://n1,nats://n2:4223")              // want `need tcp n1:4222 nats.Connect` `need tcp n2:4223 nats.Connect`
	nats.Connect(nats.DefaultURL)                         // want `need tcp 127.0.0.1:4222 nats.Connect`
	nats.Connect("")                                      // want `need tcp 127.0.0.1:4222 nats.Connect`
	amqp091.Dial("amqp://guest:guest@q1/")                // want `need tcp q1:5672 amqp091.Dial`
	amqp091.DialTLS("amqps://q2/", nil)                   // want `need tcp q2:5671 amqp091.DialTLS`
	amqp091.DialConfig("amqp://q3:1/", amqp091.Config{})  // want `need tcp q3:1 amqp091.DialConfig`
	amqp.Dial("amqp://" + os.Getenv("AMQP_USER") + "@q4") // want `need tcp q4:5672 amqp.Dial` `need environment variable AMQP_USER`
	amqp.DialTLS("amqps://q5", nil)                       // want `need tcp q5:5671 amqp.DialTLS`
	amqp.DialConfig("amqp://q6", amqp.Config{})           // want `need tcp q6:5672 amqp.DialConfig`

	brokers := os.Getenv("BROKERS") // want `need environment variable BROKERS`
	if brokers == "" {
		brokers = "k1:9092,k2:9092"
	}
	list := strings.Split(brokers, ",")
	sarama.NewClient(list, nil)                                     // want `need tcp k1:9092 \(default of environment variable BROKERS\) sarama.NewClient` `need tcp k2:9092 \(default`
	sarama.NewSyncProducer([]string{"k3:1"}, nil)                   // want `need tcp k3:1 sarama.NewSyncProducer`
	sarama.NewAsyncProducer([]string{"k4:1"}, nil)                  // want `need tcp k4:1 sarama.NewAsyncProducer`
	sarama.NewConsumer([]string{"k5:1"}, nil)                       // want `need tcp k5:1 sarama.NewConsumer`
	sarama.NewConsumerGroup([]string{"k6:1"}, "", nil)              // want `need tcp k6:1 sarama.NewConsumerGroup`
	sarama.NewClusterAdmin([]string{"k7:1"}, nil)                   // want `need tcp k7:1 sarama.NewClusterAdmin`
	sarama2.NewClient([]string{"k8:1"}, nil)                        // want `need tcp k8:1 sarama.NewClient`
	sarama2.NewSyncProducer([]string{"k9:1"}, nil)                  // want `need tcp k9:1 sarama.NewSyncProducer`
	sarama2.NewAsyncProducer([]string{"k10:1"}, nil)                // want `need tcp k10:1 sarama.NewAsyncProducer`
	sarama2.NewConsumer([]string{"k11:1"}, nil)                     // want `need tcp k11:1 sarama.NewConsumer`
	sarama2.NewConsumerGroup([]string{"k12:1"}, "", nil)            // want `need tcp k12:1 sarama.NewConsumerGroup`
	sarama2.NewClusterAdmin([]string{"k13:1"}, nil)                 // want `need tcp k13:1 sarama.NewClusterAdmin`
	kafka.Dial("tcp", "k14")                                        // want `need tcp k14:9092 kafka.Dial`
	kafka.DialContext(ctx, "tcp", "k15:1")                          // want `need tcp k15:1 kafka.DialContext`
	kafka.DialLeader(ctx, "tcp", "k16:1", "topic", 0)               // want `need tcp k16:1 kafka.DialLeader`
	kafka.NewReader(kafka.ReaderConfig{Brokers: list, Topic: "t"})  // want `need tcp k1:9092 .*kafka.NewReader` `need tcp k2:9092 .*kafka.NewReader`
	kafka.NewWriter(kafka.WriterConfig{Brokers: []string{"k17:1"}}) // want `need tcp k17:1 kafka.NewWriter`
	_ = kafka.Writer{Addr: kafka.TCP("k18:9092")}                   // want `need tcp k18:9092 kafka.TCP`
	kgo.NewClient(kgo.SeedBrokers("k19", "k20:1"))                  // want `need tcp k19:9092 kgo` `need tcp k20:1 kgo.SeedBrokers`
	nsq.NewProducer("nsq:4150", nil)                                // want `need tcp nsq:4150 nsq.NewProducer`
	new(nsq.Consumer).ConnectToNSQD("nsq:4151")                     // want `need tcp nsq:4151 nsq.Consumer.ConnectToNSQD`
	new(nsq.Consumer).ConnectToNSQLookupd("nsq:4161")               // want `need tcp nsq:4161 nsq.Consumer.ConnectToNSQLookupd`
	mqtt.NewClientOptions().AddBroker("tcp://mq1")                  // want `need tcp mq1:1883 mqtt.ClientOptions.AddBroker`
	kgo.NewClient()                                                 // ok
}
