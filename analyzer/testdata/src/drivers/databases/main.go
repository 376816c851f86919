// Command databases uses databases and other stores.
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	otelsql2 "github.com/XSAM/otelsql"
	"github.com/bradfitz/gomemcache/memcache"
	"github.com/elastic/go-elasticsearch/v8"
	"github.com/go-ldap/ldap/v3"
	redis8 "github.com/go-redis/redis/v8"
	"github.com/go-sql-driver/mysql"
	"github.com/gocql/gocql"
	redigo "github.com/gomodule/redigo/redis"
	consul "github.com/hashicorp/consul/api"
	vault "github.com/hashicorp/vault/api"
	pgconn4 "github.com/jackc/pgconn"
	pgxpool4 "github.com/jackc/pgx/v4/pgxpool"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/olivere/elastic/v7"
	"github.com/opensearch-project/opensearch-go/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
	"github.com/uptrace/opentelemetry-go-extra/otelsql"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	gormmysql "gorm.io/driver/mysql"
	"gorm.io/driver/postgres"
)

var (
	addr = flag.String("redis", "cache:6379", "")
	dsn  = flag.String("dsn", "postgres://shop:secret@db:5433/shop?sslmode=disable", "")
)

func main() {
	ctx := context.Background()
	user, pass := os.Getenv("DB_USER"), os.Getenv("DB_PASS") // want `need environment variable DB_USER` `need environment variable DB_PASS`

	sql.Open("postgres", *dsn)                                                              // want `need tcp db:5433 \(default of flag dsn\) sql.Open`
	sql.Open("pgx", fmt.Sprintf("postgres://%s:%s@pg.internal/shop", user, pass))           // want `need tcp pg.internal:5432 sql.Open`
	sql.Open("postgres", "host=pg1 port=5434 user=x password=y dbname=z")                   // want `need tcp pg1:5434 sql.Open`
	sql.Open("postgres", fmt.Sprintf("host=%s port=5432 user=x", os.Getenv("DB_HOST")))     // want `need tcp environment variable DB_HOST sql.Open` `need environment variable DB_HOST os`
	sql.Open("postgres", "host=/run/postgresql dbname=z")                                   // want `need unix /run/postgresql/.s.PGSQL.5432 sql.Open`
	sql.Open("postgres", "postgres:///shop?host=pg2&port=5435")                             // want `need tcp pg2:5435 sql.Open`
	sql.Open("postgres", "")                                                                // want `need tcp localhost:5432 sql.Open .*PGHOST`
	sql.Open("mysql", user+":"+pass+"@tcp(my:3307)/shop?parseTime=true")                    // want `need tcp my:3307 sql.Open`
	sql.Open("mysql", "root@/shop")                                                         // want `need tcp 127.0.0.1:3306 sql.Open`
	sql.Open("mysql", "root:x/y@tcp(my2)/shop")                                             // want `need tcp my2:3306 sql.Open`
	sql.Open("mysql", "root@unix(/run/mysqld.sock)/shop")                                   // want `need unix /run/mysqld.sock sql.Open`
	sql.Open("mysql", (&mysql.Config{User: "u", Net: "tcp", Addr: "my3:3306"}).FormatDSN()) // want `need tcp my3:3306 sql.Open`
	sql.Open("sqlserver", "sqlserver://sa:secret@ms/shop")                                  // want `need tcp ms:1433 sql.Open`
	sql.Open("sqlite3", "file:/data/shop.db?cache=shared")                                  // want `need file /data/shop.db sql.Open`
	sql.Open("sqlite", ":memory:")                                                          // ok
	sql.Open("exotic", "password=secret;host=x")                                            // want `need tcp the data source name of a driver that is not known sql.Open`
	sql.Open("postgres", os.Getenv("DATABASE_URL"))                                         // want `need tcp environment variable DATABASE_URL sql.Open` `need environment variable DATABASE_URL`
	sqlx.Open("postgres", "postgres://x1")                                                  // want `need tcp x1:5432 sqlx.Open`
	sqlx.MustOpen("postgres", "postgres://x2")                                              // want `need tcp x2:5432 sqlx.MustOpen`
	sqlx.Connect("mysql", "tcp(x3)/")                                                       // want `need tcp x3:3306 sqlx.Connect`
	sqlx.MustConnect("postgres", "postgres://x4,x5:1/db")                                   // want `need tcp x4:5432 sqlx` `need tcp x5:1 sqlx`
	sqlx.ConnectContext(ctx, "clickhouse", "clickhouse://x6")                               // want `need tcp x6:9000 sqlx.ConnectContext`
	otelsql2.Open("postgres", "postgres://x7")                                              // want `need tcp x7:5432 otelsql.Open`
	otelsql.Open("postgres", "postgres://x8")                                               // want `need tcp x8:5432 otelsql.Open`
	postgres.Open("host=x9")                                                                // want `need tcp x9:5432 postgres.Open`
	gormmysql.Open("tcp(x10:1)/")                                                           // want `need tcp x10:1 mysql.Open`
	sql.OpenDB(nil)                                                                         // ok
	sql.Register("x", nil)                                                                  // ok

	pgx.Connect(ctx, "postgres://p1")                                      // want `need tcp p1:5432 pgx.Connect`
	pgx.ConnectWithOptions(ctx, "postgres://p2", pgx.ParseConfigOptions{}) // want `need tcp p2:5432 pgx.ConnectWithOptions`
	cfg, _ := pgx.ParseConfig("postgres://p3")                             // want `need tcp p3:5432 pgx.ParseConfig`
	pgx.ConnectConfig(ctx, cfg)                                            // ok
	pgx.ParseConfigWithOptions("postgres://p4", pgx.ParseConfigOptions{})  // want `need tcp p4:5432 pgx.ParseConfigWithOptions`
	pgxpool.New(ctx, *dsn)                                                 // want `need tcp db:5433 \(default of flag dsn\) pgxpool.New`
	pool, _ := pgxpool.ParseConfig("postgres://p5")                        // want `need tcp p5:5432 pgxpool.ParseConfig`
	pgxpool.NewWithConfig(ctx, pool)                                       // ok
	pgxpool4.Connect(ctx, "postgres://p6")                                 // want `need tcp p6:5432 pgxpool.Connect`
	pgconn.Connect(ctx, "postgres://p7")                                   // want `need tcp p7:5432 pgconn.Connect`
	pgconn.ParseConfig("postgres://p8")                                    // want `need tcp p8:5432 pgconn.ParseConfig`
	pgconn4.Connect(ctx, "postgres://p9")                                  // want `need tcp p9:5432 pgconn.Connect`
	pgconn4.ParseConfig("postgres://p10")                                  // want `need tcp p10:5432 pgconn.ParseConfig`
	pq.Open("postgres://p11")                                              // want `need tcp p11:5432 pq.Open`
	pq.NewConnector("postgres://p12")                                      // want `need tcp p12:5432 pq.NewConnector`
	pq.NewListener("postgres://p13", time.Second, time.Second, nil)        // want `need tcp p13:5432 pq.NewListener`
	mysql.ParseDSN("tcp(m1)/x")                                            // want `need tcp m1:3306 mysql.ParseDSN`
	mc := mysql.NewConfig()
	mc.Addr = "m2:3306"
	mysql.NewConnector(mc)                                      // want `need tcp m2:3306 mysql.NewConnector`
	mysql.NewConnector(&mysql.Config{Net: "unix", Addr: "/m3"}) // want `need unix /m3 mysql.NewConnector`

	redis.NewClient(&redis.Options{Addr: *addr})                                                // want `need tcp cache:6379 \(default of flag redis\) redis.NewClient`
	redis.NewClient(&redis.Options{})                                                           // want `need tcp localhost:6379 redis.NewClient`
	redis.NewClient(&redis.Options{Network: "unix", Addr: "/run/redis.sock"})                   // want `need unix /run/redis.sock redis.NewClient`
	parsed, _ := redis.ParseURL("rediss://:secret@r1/0")                                        // want `need tcp r1:6379 redis.ParseURL`
	redis.NewClient(parsed)                                                                     // ok
	redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"r2:1", "r3:1"}})              // want `need tcp r2:1 redis.NewClusterClient .*cluster` `need tcp r3:1 redis.NewClusterClient`
	redis.NewUniversalClient(&redis.UniversalOptions{})                                         // want `need tcp 127.0.0.1:6379 redis.NewUniversalClient`
	redis.NewFailoverClient(&redis.FailoverOptions{SentinelAddrs: []string{"r4:26379"}})        // want `need tcp r4:26379 redis.NewFailoverClient`
	redis.NewFailoverClusterClient(&redis.FailoverOptions{SentinelAddrs: []string{"r5:26379"}}) // want `need tcp r5:26379 redis.NewFailoverClusterClient`
	redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"shard1": "r6:1"}})               // want `need tcp r6:1 redis.NewRing`
	redis.ParseClusterURL("redis://r7")                                                         // want `need tcp r7:6379 redis.ParseClusterURL`
	redis8.NewClient(&redis8.Options{Addr: "r8:1"})                                             // want `need tcp r8:1 redis.NewClient`
	redis8.NewClusterClient(&redis8.ClusterOptions{Addrs: []string{"r9:1"}})                    // want `need tcp r9:1 redis.NewClusterClient`
	redis8.NewUniversalClient(&redis8.UniversalOptions{Addrs: []string{"r10:1"}})               // want `need tcp r10:1 redis.NewUniversalClient`
	redis8.NewFailoverClient(&redis8.FailoverOptions{SentinelAddrs: []string{"r11:1"}})         // want `need tcp r11:1 redis.NewFailoverClient`
	redis8.NewRing(&redis8.RingOptions{Addrs: map[string]string{"a": "r12:1"}})                 // want `need tcp r12:1 redis.NewRing`
	redis8.ParseURL("redis://r13:2")                                                            // want `need tcp r13:2 redis.ParseURL`
	var opt redis.Options
	opt.Addr = os.Getenv("REDIS_ADDR")                                      // want `need environment variable REDIS_ADDR`
	redis.NewClient(&opt)                                                   // want `need tcp environment variable REDIS_ADDR redis.NewClient`
	redigo.Dial("tcp", "r14:1")                                             // want `need tcp r14:1 redis.Dial`
	redigo.DialContext(ctx, "tcp", "r15:1")                                 // want `need tcp r15:1 redis.DialContext`
	redigo.DialURL("redis://r16")                                           // want `need tcp r16:6379 redis.DialURL`
	redigo.DialURLContext(ctx, "redis://r17")                               // want `need tcp r17:6379 redis.DialURLContext`
	rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{"r18:1"}}) // want `need tcp r18:1 rueidis.NewClient`

	memcache.New("mc1:11211", "mc2:11211")                                                  // want `need tcp mc1:11211 memcache.New` `need tcp mc2:11211 memcache.New`
	new(memcache.ServerList).SetServers("mc3:11211")                                        // want `need tcp mc3:11211 memcache.ServerList.SetServers`
	options.Client().ApplyURI("mongodb://u:p@mg1,mg2:27018/shop?replicaSet=x")              // want `need tcp mg1:27017 options.ClientOptions.ApplyURI` `need tcp mg2:27018 options`
	options.Client().ApplyURI("mongodb+srv://u:p@mg3.example.net/shop")                     // want `need look-up of mg3.example.net options.ClientOptions.ApplyURI .*SRV`
	options.Client().SetHosts([]string{"mg4"})                                              // want `need tcp mg4:27017 options.ClientOptions.SetHosts`
	options.Client().SetAppName("mg5:1")                                                    // ok
	gocql.NewCluster("cs1", "cs2:9043")                                                     // want `need tcp cs1:9042 gocql` `need tcp cs2:9043 gocql.NewCluster`
	clickhouse.Open(&clickhouse.Options{Addr: []string{"ch1:9000"}})                        // want `need tcp ch1:9000 clickhouse.Open`
	clickhouse.OpenDB(&clickhouse.Options{})                                                // want `need tcp localhost:9000 clickhouse.OpenDB`
	elasticsearch.NewClient(elasticsearch.Config{Addresses: []string{"https://es1:9243/"}}) // want `need tcp es1:9243 elasticsearch.NewClient`
	elasticsearch.NewClient(elasticsearch.Config{})                                         // want `need tcp localhost:9200 \(default of environment variable ELASTICSEARCH_URL\) elasticsearch.NewClient`
	opensearch.NewClient(opensearch.Config{Addresses: []string{"http://os1:9200"}})         // want `need tcp os1:9200 opensearch.NewClient`
	elastic.NewClient(elastic.SetURL("http://es2:9201"), elastic.SetSniff(false))           // want `need tcp es2:9201 elastic.NewClient`
	clientv3.New(clientv3.Config{Endpoints: []string{"http://etcd:2379"}})                  // want `need tcp etcd:2379 clientv3.New`
	consul.NewClient(&consul.Config{})                                                      // want `need tcp 127.0.0.1:8500 \(default of environment variable CONSUL_HTTP_ADDR\) api.NewClient`
	vault.NewClient(&vault.Config{Address: "https://vault"})                                // want `need tcp vault:443 api.NewClient`
	ldap.DialURL("ldaps://dir")                                                             // want `need tcp dir:636 ldap.DialURL`
}
