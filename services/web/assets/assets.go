// Package assets owns the files that pages load: the style sheet, the scripts
// and the marks. They are part of the binary, come from this server alone, and
// their address changes with their content, so browsers may keep them for good.
// It never serves anything else.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed app.css app.js base.js desk.js draft.js live.js public.js worker.js proof.js favicon.svg share-en.png share-zh-Hans.png share-zh-Hant.png vendor
var files embed.FS

// Prefix is the path below which the files are served.
const Prefix = "/assets/"

// file is one asset in both of its forms.
type file struct {
	raw, packed []byte
	mediaType   string
	hash        string
}

// all reads and packs the files once, at the first use.
var all = sync.OnceValue(func() map[string]file {
	set := map[string]file{}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		set[name], err = load(name)
		return err
	})
	if err != nil {
		panic(err) //nolint:forbidigo // the files are in the binary: only a wrong build can fail
	}
	return set
})

func load(name string) (file, error) {
	raw, err := files.ReadFile(name)
	if err != nil {
		return file{}, fmt.Errorf("read asset %s: %w", name, err)
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write(raw); err != nil {
		return file{}, fmt.Errorf("pack asset %s: %w", name, err)
	}
	if err := writer.Close(); err != nil {
		return file{}, fmt.Errorf("pack asset %s: %w", name, err)
	}
	sum := sha256.Sum256(raw)
	return file{raw: raw, packed: packed.Bytes(), mediaType: mediaType(name), hash: hex.EncodeToString(sum[:8])}, nil
}

// mediaType does not ask the system's table, which differs between machines.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	default:
		return "text/plain; charset=utf-8"
	}
}

// URL returns the address of an asset with the hash of its content. It panics
// for a name that is none, which is a defect of the page.
func URL(name string) string {
	asset, ok := all()[name]
	if !ok {
		panic("no such asset: " + name) //nolint:forbidigo // a name in a template is wrong
	}
	return Prefix + name + "?v=" + asset.hash
}

// Handler serves the files below Prefix; anything else is 404.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asset, ok := all()[strings.TrimPrefix(r.URL.Path, Prefix)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		asset.serve(w, r)
	})
}

// ServeAs serves an asset at an address of its own.
func ServeAs(w http.ResponseWriter, r *http.Request, name string) { all()[name].serve(w, r) }

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.mediaType)
	header.Set("Vary", "Accept-Encoding")
	header.Set("Etag", `"`+f.hash+`"`)
	if r.URL.Query().Get("v") == f.hash {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		header.Set("Cache-Control", "no-cache")
	}
	if r.Header.Get("If-None-Match") == `"`+f.hash+`"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.raw
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		body = f.packed
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the reader has gone away; nobody is left to tell
	}
}
