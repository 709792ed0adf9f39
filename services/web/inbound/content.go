package inbound

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxDepth bounds nested documents.
const maxDepth = 8

var (
	errForm = errors.New("the body is neither JSON nor a form")
	errDeep = errors.New("the document is nested too deep or has too many keys")
)

// fieldsOf returns what a post holds, by path: the keys of nested objects and the
// places of lists joined by dots. A list of plain values is one text.
func fieldsOf(contentType string, body []byte) (map[string]string, error) {
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = ""
	}
	switch media {
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, errForm
		}
		return formFields(values)
	case "multipart/form-data":
		return multipartFields(body, parameters["boundary"])
	default:
		return documentFields(body)
	}
}

func formFields(values url.Values) (map[string]string, error) {
	if len(values) > maxKeys {
		return nil, errDeep
	}
	fields := map[string]string{}
	for key, all := range values {
		if key == "" {
			continue
		}
		// Some builders post the whole document as one field.
		if nested, err := documentFields([]byte(all[0])); err == nil && strings.HasPrefix(strings.TrimSpace(all[0]), "{") {
			for path, value := range nested {
				fields[key+"."+path] = value
			}
			continue
		}
		fields[key] = strings.Join(all, ", ")
	}
	return fields, nil
}

// multipartFields leaves files out: a form of others has no say over what is kept
// beside a request.
func multipartFields(body []byte, boundary string) (map[string]string, error) {
	form, err := multipart.NewReader(bytes.NewReader(body), boundary).ReadForm(MaxBytes)
	if err != nil {
		return nil, errForm
	}
	fields, err := formFields(form.Value)
	return fields, errors.Join(err, form.RemoveAll())
}

func documentFields(body []byte) (map[string]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return nil, errForm
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errForm
	}
	if _, ok := document.(map[string]any); !ok {
		return nil, errForm
	}
	fields := map[string]string{}
	return fields, flatten(fields, "", document, 0)
}

func flatten(into map[string]string, path string, value any, depth int) error {
	if depth > maxDepth || len(into) >= maxKeys {
		return errDeep
	}
	below := func(key string) string {
		if path == "" {
			return key
		}
		return path + "." + key
	}
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if err := flatten(into, below(key), inner, depth+1); err != nil {
				return err
			}
		}
	case []any:
		if texts, plain := plainList(v); plain {
			into[path] = strings.Join(texts, ", ")
			return nil
		}
		for i, inner := range v {
			if err := flatten(into, below(strconv.Itoa(i)), inner, depth+1); err != nil {
				return err
			}
		}
	default:
		into[path], _ = plain(v)
	}
	return nil
}

func plainList(list []any) (texts []string, ok bool) {
	for _, value := range list {
		text, ok := plain(value)
		if !ok {
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, true
}

// plain is a value in words; false for an object or a list.
func plain(value any) (string, bool) {
	switch v := value.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	default:
		return "", false
	}
}

// keysOf lists the paths, sorted.
func keysOf(fields map[string]string) []string {
	keys := make([]string, 0, len(fields))
	for key := range fields {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
