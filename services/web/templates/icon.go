package templates

// Glyph names one of the few icons.
type Glyph string

// The icons, drawn for Heli on a grid of 24.
const (
	GlyphNone     Glyph = ""
	GlyphAlert    Glyph = "alert"
	GlyphArrow    Glyph = "arrow"
	GlyphAt       Glyph = "at"
	GlyphBack     Glyph = "back"
	GlyphBell     Glyph = "bell"
	GlyphBoard    Glyph = "board"
	GlyphBox      Glyph = "box"
	GlyphBuilding Glyph = "building"
	GlyphCalendar Glyph = "calendar"
	GlyphChart    Glyph = "chart"
	GlyphCheck    Glyph = "check"
	GlyphClock    Glyph = "clock"
	GlyphCopy     Glyph = "copy"
	GlyphCross    Glyph = "cross"
	GlyphDownload Glyph = "download"
	GlyphExit     Glyph = "exit"
	GlyphFlag     Glyph = "flag"
	GlyphForm     Glyph = "form"
	GlyphHand     Glyph = "hand"
	GlyphHeart    Glyph = "heart"
	GlyphHome     Glyph = "home"
	GlyphInbox    Glyph = "inbox"
	GlyphInfo     Glyph = "info"
	GlyphKey      Glyph = "key"
	GlyphLink     Glyph = "link"
	GlyphList     Glyph = "list"
	GlyphLock     Glyph = "lock"
	GlyphMail     Glyph = "mail"
	GlyphMenu     Glyph = "menu"
	GlyphPhone    Glyph = "phone"
	GlyphPin      Glyph = "pin"
	GlyphPlug     Glyph = "plug"
	GlyphPlus     Glyph = "plus"
	GlyphRefresh  Glyph = "refresh"
	GlyphSearch   Glyph = "search"
	GlyphShield   Glyph = "shield"
	GlyphSliders  Glyph = "sliders"
	GlyphTag      Glyph = "tag"
	GlyphUpload   Glyph = "upload"
	GlyphUser     Glyph = "user"
	GlyphUsers    Glyph = "users"
)

// Glyphs lists the icons that have a drawing.
func Glyphs() []Glyph {
	return []Glyph{GlyphAlert, GlyphArrow, GlyphAt, GlyphBack, GlyphBell, GlyphBoard, GlyphBox,
		GlyphBuilding, GlyphCalendar, GlyphChart, GlyphCheck, GlyphClock, GlyphCopy, GlyphCross,
		GlyphDownload, GlyphExit, GlyphFlag, GlyphForm, GlyphHand, GlyphHeart, GlyphHome, GlyphInbox,
		GlyphInfo, GlyphKey, GlyphLink, GlyphList, GlyphLock, GlyphMail, GlyphMenu, GlyphPhone, GlyphPin, GlyphPlug,
		GlyphPlus, GlyphRefresh, GlyphSearch, GlyphShield, GlyphSliders, GlyphTag, GlyphUpload,
		GlyphUser, GlyphUsers}
}

// path returns the drawing as one stroked SVG path.
func (g Glyph) path() string {
	switch g {
	case GlyphAlert:
		return "M12 3 2 21h20L12 3ZM12 10v5M12 18v.1"
	case GlyphArrow:
		return "M4 12h16M14 6l6 6-6 6"
	case GlyphBack:
		return "M20 12H4M10 6l-6 6 6 6"
	case GlyphBell:
		return "M6 17V11a6 6 0 0 1 12 0v6l2 2H4l2-2ZM10 21h4"
	case GlyphBoard:
		return "M4 4h16v16H4ZM4 9h16M9 9v11"
	case GlyphBox:
		return "M12 2 3 7v10l9 5 9-5V7l-9-5ZM3 7l9 5 9-5M12 12v10"
	case GlyphCheck:
		return "M4 13l5 5L20 6"
	case GlyphClock:
		return "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7v5l4 2"
	case GlyphCopy:
		return "M9 9h11v11H9ZM15 9V4H4v11h5"
	case GlyphCross:
		return "M6 6l12 12M18 6 6 18"
	case GlyphExit:
		return "M14 4H5v16h9M10 12h11M17 8l4 4-4 4"
	case GlyphHand:
		return "M7 12V6a1.5 1.5 0 0 1 3 0v5V4a1.5 1.5 0 0 1 3 0v7V5a1.5 1.5 0 0 1 3 0v7-4a1.5 1.5 0 0 1 3 0v6a7 7 0 0 1-12.500 4.300L3 14a1.700 1.700 0 0 1 2.600-2L7 13.500"
	default:
		return g.furtherPath()
	}
}

func (g Glyph) furtherPath() string {
	switch g {
	case GlyphHeart:
		return "M12 20 4 12a5 5 0 0 1 8-6 5 5 0 0 1 8 6l-8 8Z"
	case GlyphHome:
		return "M3 11 12 3l9 8M5 9v12h5v-6h4v6h5V9"
	case GlyphInfo:
		return "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 11v6M12 7v.1"
	case GlyphLink:
		return "M10 14a4 4 0 0 0 6 0l4-4a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-4 4a4 4 0 0 0 6 6l1-1"
	case GlyphList:
		return "M8 6h13M8 12h13M8 18h13M3 6h.1M3 12h.1M3 18h.1"
	case GlyphLock:
		return "M5 11h14v10H5ZM8 11V7a4 4 0 0 1 8 0v4"
	case GlyphPhone:
		return "M5 3h4l2 5-3 2a12 12 0 0 0 6 6l2-3 5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 5a2 2 0 0 1 2-2Z"
	case GlyphPin:
		return "M12 22s7-7 7-12a7 7 0 0 0-14 0c0 5 7 12 7 12ZM12 7.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5Z"
	case GlyphPlus:
		return "M12 5v14M5 12h14"
	case GlyphRefresh:
		return "M20 11a8 8 0 0 0-14-4L3 10M3 4v6h6M4 13a8 8 0 0 0 14 4l3-3M21 20v-6h-6"
	case GlyphSearch:
		return "M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13ZM20 20l-5-5"
	case GlyphUser:
		return "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4 21a8 8 0 0 1 16 0"
	case GlyphUsers:
		return "M9 5a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7ZM2 20a7 7 0 0 1 14 0M16 5a3.500 3.500 0 0 1 0 7M18.500 14.500A7 7 0 0 1 22 20"
	default:
		return g.rarePath()
	}
}

// rarePath returns the drawings of what stands in the console alone.
func (g Glyph) rarePath() string {
	switch g {
	case GlyphAt:
		return "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM16 8v5a2.500 2.500 0 0 0 5 0v-1a9 9 0 1 0-4 7.500"
	case GlyphBuilding:
		return "M5 21V4h10v17M15 9h4v12M3 21h18M8 8h4M8 12h4M8 16h4"
	case GlyphCalendar:
		return "M4 6h16v15H4ZM4 11h16M8 3v4M16 3v4M8 15h3M13 15h3"
	case GlyphChart:
		return "M4 4v16h17M8 16v-4M12 16V8M16 16v-6M20 16V6"
	case GlyphDownload:
		return "M12 3v12M7 10l5 5 5-5M4 17v4h16v-4"
	case GlyphFlag:
		return "M5 22V4M5 4c5-3 8 3 14 0v10c-6 3-9-3-14 0"
	case GlyphForm:
		return "M6 2h9l4 4v16H6ZM14 2v5h5M9 12h7M9 16h7"
	case GlyphInbox:
		return "M4 13 7 4h10l3 9v7H4ZM4 13h5l1 3h4l1-3h5"
	case GlyphKey:
		return "M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM11 12l9-9M16 7l3 3"
	case GlyphMenu:
		return "M4 6h16M4 12h16M4 18h16"
	case GlyphMail:
		return "M3 5h18v14H3ZM3 6l9 8 9-8"
	case GlyphPlug:
		return "M9 3v5M15 3v5M6 8h12v4a6 6 0 0 1-12 0ZM12 18v4"
	case GlyphShield:
		return "M12 2 4 5v7c0 5 4 8 8 10 4-2 8-5 8-10V5ZM9 12l2 2 4-4"
	case GlyphSliders:
		return "M4 7h8M18 7h2M4 17h2M12 17h8M15 4a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM9 14a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z"
	case GlyphTag:
		return "M3 4v8l9 9 9-9-9-8ZM8 8v.1"
	case GlyphUpload:
		return "M12 15V3M7 8l5-5 5 5M4 17v4h16v-4"
	default:
		return ""
	}
}
