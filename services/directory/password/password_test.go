package password

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"short":                        TooShort,
		"elevenchars":                  TooShort,
		strings.Repeat("长句子密码", 26):    TooLong,
		"123456789012":                 Common,
		"aaaaaaaaaaaa":                 Common,
		"passwordpassword":             Common,
		"Password2020!!":               Common,
		"P@ssw0rd123456":               Common,
		"qwertyuiop[]":                 Common,
		"1qaz2wsx3edc4rfv":             Common,
		"woaini1314520":                Common,
		"iloveyou20200123":             Common,
		"abcabcabcabc":                 Common,
		"zhangsan19880512":             Common, // the name
		"13800001234567":               Common,
		"ｐａｓｓｗｏｒｄ１２３４":                 Common, // full width
		"correct horse battery staple": "",
		"床前明月光疑是地上霜举头望":                "",
		"k7Qz-m2Xv-p9Rt":               "",
		"violet tractor humming":       "",
	} {
		if got := Check(typed, "Zhangsan", "zhangsan"); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}

func TestHashes(t *testing.T) {
	t.Parallel()
	h := New()
	hash, err := h.Hash("ｖiolet tractor humming")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("hash: %s %v", hash, err)
	}
	if len(dummy) != len(hash) || dummy[:30] != hash[:30] {
		t.Errorf("the dummy takes another time than %s", hash)
	}
	for _, tt := range []struct {
		password, hash string
		want           bool
	}{
		{"violet tractor humming", hash, true}, // typed on another keyboard
		{"violet tractor hummin", hash, false},
		{"violet tractor humming", "", false},
		{"nobody's", "", false},
	} {
		if got, err := h.Matches(tt.password, tt.hash); got != tt.want || err != nil {
			t.Errorf("%q against %.10q: %v %v", tt.password, tt.hash, got, err)
		}
	}
	if _, err := h.Matches("x", "no hash"); err == nil {
		t.Error("a broken hash matches or fails silently")
	}
}
