package request

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"

	"heli/pkg/fault"
)

// Media types of attachments.
const (
	mediaJPEG = "image/jpeg"
	mediaPNG  = "image/png"
	mediaPDF  = "application/pdf"
)

const (
	// maxPixels bounds what a small file may unfold to: four bytes a pixel.
	maxPixels   = 26_000_000
	jpegQuality = 85
	pdfTail     = 2048 // in which a PDF says that it ends
)

// wrongFile is the fault for a file, with the reason.
func wrongFile(code string) error {
	return fault.NewInvalid(fault.Field{Location: "file", Code: code})
}

// cleaned tells a file by its content and returns it without what it says of the
// place, the time and the device it was made with: pictures are drawn anew,
// upright. A PDF stays as it is. What it is not said to be, is broken or too large
// is Invalid.
func cleaned(content []byte) (mediaType string, clean []byte, err error) {
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xd8\xff")):
		clean, err = redrawn(content, jpeg.DecodeConfig, jpeg.Decode, encodeJPEG)
		return mediaJPEG, clean, err
	case bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")):
		clean, err = redrawn(content, png.DecodeConfig, png.Decode, png.Encode)
		return mediaPNG, clean, err
	case bytes.HasPrefix(content, []byte("%PDF-")):
		if !bytes.Contains(content[max(0, len(content)-pdfTail):], []byte("%%EOF")) {
			return "", nil, wrongFile("file_broken")
		}
		return mediaPDF, content, nil
	default:
		return "", nil, wrongFile("file_type")
	}
}

func encodeJPEG(w io.Writer, m image.Image) error {
	return jpeg.Encode(w, m, &jpeg.Options{Quality: jpegQuality})
}

// redrawn decodes a picture and encodes it again.
func redrawn(
	content []byte, size func(io.Reader) (image.Config, error), read func(io.Reader) (image.Image, error),
	write func(io.Writer, image.Image) error,
) ([]byte, error) {
	config, err := size(bytes.NewReader(content))
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return nil, wrongFile("file_broken")
	}
	if config.Width > maxPixels/config.Height {
		return nil, wrongFile("file_pixels")
	}
	picture, err := read(bytes.NewReader(content))
	if err != nil {
		return nil, wrongFile("file_broken")
	}
	var clean bytes.Buffer
	if err := write(&clean, upright(picture, orientation(content))); err != nil {
		return nil, wrongFile("file_broken")
	}
	return clean.Bytes(), nil
}

// upright turns a picture by its orientation, 1 to 8 (Exif 2.3, table 6): cameras
// note how they were held in what is removed.
func upright(picture image.Image, orientation int) image.Image {
	if orientation <= 1 || orientation > 8 {
		return picture
	}
	b := picture.Bounds()
	from := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(from, from.Bounds(), picture, b.Min, draw.Src)
	w, h := b.Dx(), b.Dy()
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		to = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := turned(orientation, x, y, w, h)
			copy(to.Pix[to.PixOffset(tx, ty):], from.Pix[from.PixOffset(x, y):from.PixOffset(x, y)+4])
		}
	}
	return to
}

// turned is where a pixel of a picture of w by h goes.
func turned(orientation, x, y, w, h int) (int, int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	default: // 8
		return y, w - 1 - x
	}
}

// orientation reads the orientation of a JPEG from its Exif segment; 1, upright,
// for any other file and whatever cannot be read.
func orientation(content []byte) int {
	for rest := content[min(2, len(content)):]; len(rest) >= 4 && rest[0] == 0xff; {
		marker, length := rest[1], int(binary.BigEndian.Uint16(rest[2:]))
		if marker == 0xda || length < 2 || len(rest) < 2+length {
			break
		}
		segment := rest[4 : 2+length]
		if tiff, is := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); marker == 0xe1 && is {
			return tiffOrientation(tiff)
		}
		rest = rest[2+length:]
	}
	return 1
}

// tiffOrientation reads tag 0x0112 of the first directory (TIFF 6.0, section 2).
func tiffOrientation(tiff []byte) int {
	const tag, header, entry = 0x0112, 8, 12
	if len(tiff) < header {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if bytes.HasPrefix(tiff, []byte("MM")) {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	for n, entries := uint64(0), uint64(order.Uint16(tiff[at:])); n < entries; n++ {
		i := at + 2 + n*entry
		if i+entry > uint64(len(tiff)) {
			break
		}
		if order.Uint16(tiff[i:]) == tag {
			return int(order.Uint16(tiff[i+8:]))
		}
	}
	return 1
}
