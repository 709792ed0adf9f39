package templates

// StaffNotices is the form for whether and when one hears by mail.
type StaffNotices struct {
	// Known is false while the directory cannot be asked.
	Known bool
	// Off says that no mail server is set up.
	Off     bool
	Mail    bool
	Address string
	SignIn  string // address by which one signs in; empty: none
	Bounces bool
	Times   NoticeForm
	Errors  Errors
}
