// Command system reads files and the environment.
package main

import (
	"crypto/tls"
	"flag"
	html "html/template"
	"io/ioutil"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"text/template"

	"github.com/caarlos0/env/v11"
	"github.com/ilyakaznacheev/cleanenv"
	"github.com/kelseyhightower/envconfig"
	seth "github.com/sethvargo/go-envconfig"
)

type settings struct {
	Listen string `env:"LISTEN" envDefault:":1"`
	Token  string `env:"TOKEN,required"`
	DB     struct {
		Host string `env:"HOST"`
	} `envPrefix:"DB_"`
	Skipped string `env:"-"`
	Other   string
}

type spec struct {
	Port  int
	Debug bool `envconfig:"VERBOSE"`
	Store struct{ Addr string }
}

var config = flag.String("config", "/etc/shop/config.yaml", "")

func main() {
	os.Open("/etc/hostname")                    // want `need file /etc/hostname os.Open`
	os.ReadFile(*config)                        // want `need file /etc/shop/config.yaml \(default of flag config\) os.ReadFile`
	os.ReadDir("/data")                         // want `need file /data os.ReadDir`
	os.DirFS("templates")                       // want `need file templates os.DirFS`
	os.OpenRoot("/srv")                         // want `need file /srv os.OpenRoot`
	ioutil.ReadFile("/old")                     // want `need file /old ioutil.ReadFile`
	ioutil.ReadDir("/old")                      // want `need file /old ioutil.ReadDir`
	filepath.Walk("/walk", nil)                 // want `need file /walk filepath.Walk`
	filepath.WalkDir("/walk", nil)              // want `need file /walk filepath.WalkDir`
	tls.LoadX509KeyPair("/tls.crt", "/tls.key") // want `need file /tls.crt tls.LoadX509KeyPair` `need file /tls.key tls.LoadX509KeyPair`
	http.ServeFile(nil, nil, "/index.html")     // want `need file /index.html http.ServeFile`
	template.ParseFiles("/a.tmpl", "/b.tmpl")   // want `need file /a.tmpl template.ParseFiles` `need file /b.tmpl template.ParseFiles`
	template.New("").ParseFiles("/c.tmpl")      // want `need file /c.tmpl template.Template.ParseFiles`
	html.ParseFiles("/d.tmpl")                  // want `need file /d.tmpl template.ParseFiles`
	html.New("").ParseFiles("/e.tmpl")          // want `need file /e.tmpl template.Template.ParseFiles`
	os.Getenv("A")                              // want `need environment variable A os.Getenv`
	os.LookupEnv("B")                           // want `need environment variable B os.LookupEnv`
	syscall.Getenv("C")                         // want `need environment variable C syscall.Getenv`
	os.Getenv(name("D"))                        // want `need environment variable D os.Getenv`
	get := os.Getenv
	get("E") // want `need environment variable E os.Getenv`
	var s settings
	env.Parse(&s)                           // want `need environment variable LISTEN env.Parse` `need environment variable TOKEN env.Parse` `need environment variable DB_HOST env.Parse`
	env.ParseWithOptions(&s, env.Options{}) // want `variable LISTEN` `variable TOKEN` `variable DB_HOST`
	env.ParseAs[settings]()                 // want `variable LISTEN env.ParseAs` `variable TOKEN` `variable DB_HOST`
	cleanenv.ReadEnv(&s)                    // want `variable LISTEN` `variable TOKEN` `variable DB_HOST`
	cleanenv.ReadConfig("/etc/x.yaml", &s)  // want `variable LISTEN` `variable TOKEN` `variable DB_HOST` `need file /etc/x.yaml cleanenv.ReadConfig`
	seth.Process(nil, &s)                   // want `variable LISTEN` `variable TOKEN` `variable DB_HOST`
	envconfig.Process("app", &spec{})       // want `need environment variable APP_PORT envconfig.Process` `variable APP_VERBOSE` `variable APP_STORE_ADDR`
	envconfig.MustProcess("", &spec{})      // want `variable PORT` `variable VERBOSE` `variable STORE_ADDR`
	env.Parse(nil)                          // want `need environment variable what the tags of a struct name env.Parse`
	os.Setenv("E", "")                      // ok
	os.Stat("/maybe")                       // ok
	os.WriteFile("/out", nil, 0)            // ok
	os.ReadFile(filepath.Base("x"))         // want `need file the result of filepath.Base os.ReadFile`
	filepath.Join("/a", "b")                // ok
	os.Environ()                            // ok
}

func name(name string) string { return name }
