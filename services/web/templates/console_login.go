package templates

import (
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// Login is the page to sign in on.
type Login struct {
	Failure  string
	Name     string // that was typed
	Passkeys bool   // work here
	Provider string // what people call the identity provider; empty for none
	// Link opens the part for a code of a link, which is what was wrong.
	Link bool
}

// Code is the page for the second factor.
type Code struct {
	Failure  string
	Passkeys bool
}

// Enrol is the page on which somebody who followed a link sets a password and a
// second factor.
type Enrol struct {
	// Step is EnrolPassword, EnrolFactor or EnrolCodes.
	Step     string
	Name     string
	Login    string
	HasLogin bool // and keeps it
	Provider string
	Linked   bool // with an account at the provider
	Factor   FactorSetup
	Codes    []string
	Failure  string
	Errors   Errors
}

// The steps of enrolling.
const (
	EnrolPassword = "password"
	EnrolFactor   = "factor"
	EnrolCodes    = "codes"
)

// FactorSetup is the part of a page in which a second factor is added.
type FactorSetup struct {
	Base     string // of the addresses that its forms are sent to
	Passkeys bool
	// URI and Secret are of a new authenticator, before its first code.
	URI    string
	Secret string
	ID     string
	Name   string
	Errors Errors
}

// grouped4 shows a secret in groups of four letters.
func grouped4(secret string) string {
	var b strings.Builder
	for i, r := range secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// qrQuiet is the white frame that a QR code needs, in modules (ISO/IEC 18004).
const qrQuiet = 4

// qrPath draws a text as a QR code: the size of its square and one path of its
// dark modules. The path is empty for a text that is too long.
func qrPath(text string) (size int, path string) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return 1, ""
	}
	width := code.Bounds().Dx()
	var b strings.Builder
	for y := range width {
		for x := range width {
			if red, _, _, _ := code.At(x, y).RGBA(); red == 0 {
				b.WriteString("M" + strconv.Itoa(x+qrQuiet) + " " + strconv.Itoa(y+qrQuiet) + "h1v1h-1z")
			}
		}
	}
	return width + 2*qrQuiet, b.String()
}

func viewBox(size int) string { return "0 0 " + strconv.Itoa(size) + " " + strconv.Itoa(size) }
