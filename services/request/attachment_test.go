package request

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/seal"
	"heli/pkg/vault"
)

// photo is a JPEG of 40 by 20, red on its left half, with an Exif segment that
// holds the orientation and a place.
func photo(t *testing.T, orientation uint16) []byte {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 40, 20))
	for x := range 40 {
		for y := range 20 {
			c := color.RGBA{B: 255, A: 255}
			if x < 20 {
				c = color.RGBA{R: 255, A: 255}
			}
			picture.Set(x, y, c)
		}
	}
	var plain bytes.Buffer
	must(t, jpeg.Encode(&plain, picture, &jpeg.Options{Quality: 95}))
	tiff := []byte("II*\x00\x08\x00\x00\x00\x01\x00")
	tiff = binary.LittleEndian.AppendUint16(tiff, 0x0112)
	tiff = binary.LittleEndian.AppendUint16(tiff, 3)
	tiff = binary.LittleEndian.AppendUint32(tiff, 1)
	tiff = binary.LittleEndian.AppendUint32(tiff, uint32(orientation))
	segment := append([]byte("Exif\x00\x00"), append(tiff, "\x00\x00\x00\x00GPS 34.2658N 108.9541E"...)...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(segment)+2))...)
	return append(append(out, segment...), plain.Bytes()[2:]...)
}

func (b *bench) attach(ctx context.Context, id contract.RequestID, content []byte) (contract.Attachment, error) {
	return b.Attach(ctx, contract.AddAttachment{
		ID: contract.NewID[contract.AttachmentID](), RequestID: id, Name: "现场照片 王甲.jpg", Content: content,
	})
}

func TestPicturesLoseWhereTheyWereTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	stored, err := b.attach(ctx, r.ID, photo(t, 6))
	must(t, err)
	got, err := b.Attachment(ctx, contract.AttachmentByID{ID: stored.ID, RequestID: r.ID})
	must(t, err)
	if got.MediaType != mediaJPEG || got.Name != "现场照片 王甲.jpg" || bytes.Contains(got.Content, []byte("GPS")) || bytes.Contains(got.Content, []byte("Exif")) {
		t.Errorf("%s %q still tells the place: %t", got.MediaType, got.Name, bytes.Contains(got.Content, []byte("GPS")))
	}
	picture, err := jpeg.Decode(bytes.NewReader(got.Content))
	must(t, err)
	if size := picture.Bounds().Size(); size != image.Pt(20, 40) {
		t.Fatalf("the picture is %v, not upright", size)
	}
	if red, _, blue, _ := picture.At(10, 2).RGBA(); red < blue {
		t.Error("the left half did not become the upper one")
	}
	page, err := b.Get(ctx, contract.GetByID{ID: string(r.ID)})
	must(t, err)
	if len(page.Attachments) != 1 || page.Attachments[0] != stored {
		t.Errorf("the page shows %+v", page.Attachments)
	}
	own, err := b.Get(asRequester(t, r.ID), contract.GetByID{ID: string(r.ID)})
	must(t, err)
	if len(own.Attachments) > 0 {
		t.Error("the requester sees what staff attached")
	}
}

func TestEveryOrientationIsUpright(t *testing.T) {
	t.Parallel()
	from := image.NewRGBA(image.Rect(0, 0, 3, 2))
	from.Set(0, 0, color.White)
	want := map[int]image.Point{1: {0, 0}, 2: {2, 0}, 3: {2, 1}, 4: {0, 1}, 5: {0, 0}, 6: {1, 0}, 7: {1, 2}, 8: {0, 2}}
	for orientation, at := range want {
		if got := upright(from, orientation).At(at.X, at.Y); got != (color.RGBA{255, 255, 255, 255}) {
			t.Errorf("orientation %d: the first pixel is not at %v", orientation, at)
		}
	}
}

func TestFilesAreWhatTheySay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	var large bytes.Buffer
	must(t, png.Encode(&large, image.NewGray(image.Rect(0, 0, 9000, 9000))))
	for name, c := range map[string]struct {
		content []byte
		code    string
	}{
		"nothing":           {nil, "required"},
		"a web page":        {[]byte("<html><script>"), "file_type"},
		"a program":         {[]byte("MZ\x90\x00"), "file_type"},
		"half a photo":      {photo(t, 1)[:200], "file_broken"},
		"half a PDF":        {[]byte("%PDF-1.7\n1 0 obj"), "file_broken"},
		"too many pixels":   {large.Bytes(), "file_pixels"},
		"too large a PDF":   {append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("%%EOF\n"), 1<<20)...), "file_size"},
		"a PDF within JPEG": {[]byte("\xff\xd8\xff%PDF-1.7 %%EOF"), "file_broken"},
	} {
		_, err := b.attach(ctx, r.ID, c.content)
		if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Fields[0].Location != "file" || f.Fields[0].Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := b.count(t, `SELECT count(*) FROM request.attachments`); n != 0 {
		t.Errorf("%d refused files were kept", n)
	}
}

// TestAttachmentsGoWithThePerson erases the request, the key of every file too.
func TestAttachmentsGoWithThePerson(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	r, other := b.opened(t), b.opened(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	q := contract.AddAttachment{ID: contract.NewID[contract.AttachmentID](), RequestID: r.ID, Name: "a.pdf", Content: []byte("%PDF-1.7 secret %%EOF")}
	for range 2 {
		_, err := b.Attach(ctx, q)
		must(t, err)
	}
	gone, err := b.attach(ctx, r.ID, photo(t, 1))
	must(t, err)
	for range 2 {
		_, err = b.Detach(ctx, contract.AttachmentByID{ID: gone.ID, RequestID: r.ID})
		must(t, err)
	}
	if n := b.count(t, `SELECT count(*) FROM request.attachments JOIN request.person_keys ON subject_id = id`); n != 1 {
		t.Fatalf("%d files with a key, want 1", n)
	}
	var sealed []string
	must(t, b.admin.SelectContext(t.Context(), &sealed, `SELECT a::text || encode(content, 'escape') || encode(name, 'escape') FROM request.attachments a`))
	if strings.Contains(sealed[0], "secret") || strings.Contains(sealed[0], "a.pdf") {
		t.Error("a file is kept in clear")
	}
	for _, foreign := range []context.Context{as(t, contract.RoleCoordinator, hubei), as(t, contract.RolePublic, ""), asRequester(t, other.ID)} {
		if _, err := b.Attachment(foreign, contract.AttachmentByID{ID: q.ID, RequestID: r.ID}); err == nil {
			t.Errorf("%+v reads a file", contract.ActorFrom(foreign))
		}
	}
	theirs, err := b.Attachment(asRequester(t, r.ID), contract.AttachmentByID{ID: q.ID, RequestID: r.ID})
	must(t, err)
	if !bytes.Equal(theirs.Content, q.Content) {
		t.Error("the person whose request it is reads something else")
	}
	_, err = b.Erase(ctx, contract.Move{ID: string(r.ID), Reason: "asked"})
	must(t, err)
	if n := b.count(t, `SELECT (SELECT count(*) FROM request.attachments) + (SELECT count(*) FROM request.person_keys)`); n != 1 {
		t.Errorf("%d files and keys are left, want that of the other request", n)
	}
	_, err = b.Attach(ctx, q)
	wantFault(t, err, fault.Conflict, "erased")
}

func TestAttachmentsHaveALimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	for range contract.MaxAttachments {
		_, err := b.attach(ctx, r.ID, []byte("%PDF-1.7 %%EOF"))
		must(t, err)
	}
	_, err := b.attach(ctx, r.ID, []byte("%PDF-1.7 %%EOF"))
	wantFault(t, err, fault.Conflict, "too_many_attachments")
}

// TestAttachmentsOutliveARotationOfKeys wraps every key anew and reads with the
// newest keyset.
func TestAttachmentsOutliveARotationOfKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := filepath.Join(t.TempDir(), "keys.json")
	keys, err := seal.Load(path)
	must(t, err)
	b.keys = keys
	r := b.opened(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	stored, err := b.attach(ctx, r.ID, photo(t, 1))
	must(t, err)
	rotated, err := seal.Rotate(path, b.clock.Now())
	must(t, err)
	none := func(context.Context, *sqlx.Tx, vault.Reindexed) error { return nil }
	for _, want := range []int{2, 0} { // the contact's key and the file's, once
		if n, err := vault.Rewrap(t.Context(), b.db, rotated, contract.ThingRequest, none); err != nil || n != want {
			t.Fatalf("wrapped %d anew, %v, want %d", n, err, want)
		}
	}
	b.keys = rotated
	if got, err := b.Attachment(ctx, contract.AttachmentByID{ID: stored.ID, RequestID: r.ID}); err != nil || got.Name != stored.Name {
		t.Errorf("read %q, %v", got.Name, err)
	}
}
