package conf

import (
	"net/url"
	"strings"
	"time"
)

// Blob is where the files of organisations are kept, and what is asked of them.
type Blob struct {
	// URL is file:///folder for one node, or for any number
	// s3://ACCESS:SECRET@bucket/prefix?endpoint=https://…&region=… (the keys may
	// come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead). A relative
	// folder is written file:folder. Empty: the folder <database>.files beside an
	// SQLite database, and propusk.files in the working folder with another one.
	// DANGER: several nodes that do not share the folder each see a part of the files.
	//
	// The bytes are encrypted under keys made of the master key.
	URL Secret `koanf:"url"`

	// Scanner is a clamd that looks for viruses in everything that is uploaded:
	// tcp://host:3310 or unix:///run/clamav/clamd.ctl. Empty: nobody looks.
	Scanner string `koanf:"scanner"`
	// ScanTimeout is how long one scan may take.
	ScanTimeout time.Duration `koanf:"scan_timeout"`
	// Unscanned takes files while the scanner does not answer. DANGER: they are
	// not scanned later.
	Unscanned bool `koanf:"unscanned"`

	// Archive is the largest file that can be uploaded in pieces, in MiB. What
	// comes at one stroke is at most 10 MiB.
	Archive int `koanf:"archive"`

	// Quota is how many MiB one organisation may have in all; 0 bounds it not. What
	// state bodies send is taken whether or not there is room.
	Quota int `koanf:"quota"`

	// Recheck is how often every byte of every file is read again and held against
	// its digest.
	Recheck time.Duration `koanf:"recheck"`
}

func (f *Faults) blob(b Blob) {
	f.blobURL("blob.url", b.URL.Reveal())
	if b.Scanner != "" {
		u, err := url.Parse(b.Scanner)
		tcp := err == nil && u.Scheme == "tcp" && u.Port() != "" && u.Path == ""
		unix := err == nil && u.Scheme == "unix" && u.Host == "" && u.Path != ""
		if !tcp && !unix {
			f.add("blob.scanner", "must be tcp://host:port or unix:///path")
		}
	}
	f.between("blob.scan_timeout", b.ScanTimeout, time.Second, 10*time.Minute)
	f.number("blob.archive", b.Archive, 10, 4096)
	f.number("blob.quota", b.Quota, 0, 1<<30)
	f.between("blob.recheck", b.Recheck, time.Hour, 365*24*time.Hour)
}

func (f *Faults) blobURL(field, value string) {
	if value == "" {
		return
	}
	if folder, ok := strings.CutPrefix(value, "file:"); ok {
		if strings.Trim(folder, "/") == "" {
			f.add(field, "must name a folder: file:///var/lib/propusk/files")
		}
		return
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "s3" || u.Host == "" {
		f.add(field, "must begin with file:/// or s3://")
		return
	}
	endpoint := u.Query().Get("endpoint")
	if endpoint == "" {
		return
	}
	e, err := url.Parse(endpoint)
	if err != nil || e.Host == "" || e.Scheme != "https" && e.Scheme != "http" {
		f.add(field, "must have an endpoint such as https://s3.example.ru")
	}
}
