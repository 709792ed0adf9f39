package web_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/importer"
	"heli/pkg/testkit"
	"heli/services/web/inbound"
)

// TestAFormElsewherePosts posts as a form builder does, and as a browser whose form
// stands on another site.
func TestAFormElsewherePosts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	forms := inbound.New(b.world.Deps(t, "web"), b.intake)
	ctx := contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleCoordinator, Path: testkit.Xian.Path, PersonID: contract.NewID[contract.PersonID]()})
	form, secret, err := forms.Create(ctx, importer.Needs, inbound.Settings{Name: "Kobo", Mapping: importer.Mapping{
		Columns: map[string]string{"contact_name": "name", "contact_phone": "phone", "description": "what"}, Values: map[string]string{"category": "ppe", "region_code": "610100"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		query, accept, media, body string
		status                     int
		says                       string
	}{
		"a program":    {"?secret=" + secret, "*/*", "application/json", `{"name":"张三","phone":"13800001234","what":"口罩"}`, http.StatusCreated, `"state":"taken"`},
		"the same":     {"?secret=" + secret, "*/*", "application/json", `{"name":"张三","phone":"13800001234","what":"口罩"}`, http.StatusCreated, `"state":"taken"`},
		"a browser":    {"?secret=" + secret, "text/html", "application/x-www-form-urlencoded", "name=%E6%9D%8E&phone=13800001235&what=x", http.StatusOK, "Thank you, it has arrived"},
		"what is odd":  {"?secret=" + secret, "*/*", "application/json", `{"name":"王五","phone":"1","what":"口罩"}`, http.StatusAccepted, `"state":"look"`},
		"a stranger":   {"?secret=wrong", "*/*", "application/json", `{}`, http.StatusUnauthorized, `"inbound_proof"`},
		"a large post": {"?secret=" + secret, "*/*", "application/json", strings.Repeat("x", inbound.MaxBytes+1), http.StatusRequestEntityTooLarge, ""},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.address+"/inbound/"+form.ID+test.query, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", test.accept)
		request.Header.Set("Accept-Language", "en")
		request.Header.Set("Content-Type", test.media)
		request.Header.Set("Origin", "https://forms.example")
		request.Header.Set("Sec-Fetch-Site", "cross-site")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if closing := response.Body.Close(); err != nil || closing != nil {
			t.Fatal(err, closing)
		}
		if response.StatusCode != test.status || !strings.Contains(string(body), test.says) {
			t.Errorf("%s: %d %s", name, response.StatusCode, body)
		}
	}
	if len(b.requests) != 2 {
		t.Errorf("%d requests", len(b.requests))
	}
}
