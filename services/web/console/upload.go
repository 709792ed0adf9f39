package console

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
	"heli/services/web/page"
	"heli/services/web/templates"
	"heli/services/web/upload"
)

const uploadsPath = "/console/imports"

// uploadTime is how long a table may take to arrive over a slow line.
const uploadTime = 2 * time.Minute

func uploadPath(id string) string { return uploadsPath + "/" + id }

// mountUploads adds the pages by which tables come in.
func (c console) mountUploads(get, post route) {
	get(uploadsPath, c.uploads)
	post(uploadsPath, c.beginUpload)
	get(uploadsPath+"/{id}", c.showUpload)
	post(uploadsPath+"/{id}", c.changeUpload)
	get(uploadsPath+"/{id}/errors", c.refusedRows)
}

func (c console) uploads(w http.ResponseWriter, r *http.Request) error {
	return c.uploadsPage(w, r, r.URL.Query().Get("kind"), nil)
}

// uploadsPage lists the reader's tables, with the form for another one.
func (c console) uploadsPage(w http.ResponseWriter, r *http.Request, kind string, refused error) error {
	d := c.desk(r, &url.URL{Path: uploadsPath}, c.Pages.Printer(r).T("upload.title"))
	all, err := c.Uploads.List(r.Context())
	v := templates.Uploads{Rows: all, Kind: importer.Kind(kind), Errors: templates.ErrorsOf(d.Page, refused)}
	for _, kind := range importer.Kinds() {
		if access.May(contract.ActorFrom(r.Context()).Role, upload.ActionOf(kind)) {
			v.Kinds = append(v.Kinds, templates.Option{Value: string(kind), Label: d.T("upload.kind." + string(kind))})
		}
	}
	if v.Kind == "" {
		v.Kind = importer.Needs
	}
	if refused == nil || err != nil {
		return c.list(w, r, d, err, templates.ConsoleUploads(d, v))
	}
	d.Notice = c.refused(r, d, &refusal{err: refused}, "", nil, true)
	c.Pages.Render(w, r, page.StatusOf(refused), templates.ConsoleUploads(d, v))
	return nil
}

// beginUpload keeps a file and shows how its columns are understood.
func (c console) beginUpload(w http.ResponseWriter, r *http.Request) error {
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	kind, name, content, err := tableFrom(r)
	id := ""
	if err == nil {
		id, err = c.Uploads.Begin(r.Context(), importer.Kind(kind), name, content)
	}
	if err == nil {
		http.Redirect(w, r, uploadPath(id), http.StatusSeeOther)
		return nil
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.Unavailable:
		return c.uploadsPage(w, r, kind, err)
	default:
		return err
	}
}

// tableFrom reads the form. The file stays in memory: it must not lie on a disk in
// clear.
func tableFrom(r *http.Request) (kind, name string, content []byte, err error) {
	if err := r.ParseMultipartForm(upload.MaxBytes + 64<<10); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return "", "", nil, tooLargeTable()
		}
		return "", "", nil, malformed(err)
	}
	kind = r.PostForm.Get("kind")
	file, header, err := r.FormFile("file")
	if err != nil {
		return kind, "", nil, fault.NewInvalid(fault.Field{Location: "file", Code: check.Required}).Because(err)
	}
	defer func() { _ = file.Close() }() // read only
	content, err = io.ReadAll(io.LimitReader(file, upload.MaxBytes+1))
	if err != nil {
		return kind, "", nil, malformed(err)
	}
	return kind, header.Filename, content, nil
}

func tooLargeTable() error {
	return fault.NewInvalid(fault.Field{Location: "file", Code: "table_size", Args: map[string]any{"max": upload.MaxBytes >> 20}})
}

func (c console) showUpload(w http.ResponseWriter, r *http.Request) error {
	return c.uploadPage(w, r, nil)
}

// uploadPage shows how a table is understood and what taking it in would do; once
// that has begun, how far it is.
func (c console) uploadPage(w http.ResponseWriter, r *http.Request, f *refusal) error {
	shown, err := c.Uploads.Get(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	d := c.desk(r, &url.URL{Path: uploadPath(shown.ID), RawQuery: r.URL.RawQuery}, c.Pages.Printer(r).T("upload.title"))
	v := templates.UploadView{Upload: shown, Columns: templates.Options(shown.Columns)}
	if part(r) == templates.PartUpload {
		return c.renderPart(w, r, d, nil, templates.UploadPart(d, v))
	}
	if shown.State == upload.Draft {
		if err := c.fillDraft(r, d, &v); err != nil {
			return err
		}
	}
	if f == nil {
		c.Pages.Render(w, r, http.StatusOK, templates.ConsoleUpload(d, v))
		return nil
	}
	v.Errors = templates.ErrorsOf(d.Page, f.err)
	d.Notice = c.refused(r, d, f, "", nil, true)
	c.Pages.Render(w, r, page.StatusOf(f.err), templates.ConsoleUpload(d, v))
	return nil
}

// fillDraft adds what only a draft shows: choices, and the preview.
func (c console) fillDraft(r *http.Request, d templates.Desk, v *templates.UploadView) (err error) {
	role := contract.ActorFrom(r.Context()).Role
	v.MayOpen = (v.Upload.Kind == importer.Needs || v.Upload.Kind == importer.Offers) && access.May(role, access.OpenAtOnce)
	v.MayConfirm = v.Upload.Kind == importer.Sessions
	v.MayVouch = v.Upload.Kind == importer.Offers && access.May(role, access.Vouch)
	v.Choices = c.valueChoices(d)
	if v.Named, err = c.Uploads.Named(r.Context(), v.Upload.Kind); err != nil {
		return err
	}
	v.Preview, err = c.Uploads.Try(r.Context(), v.Upload.ID)
	return err
}

// valueChoices are what may stand for a field of all rows.
func (c console) valueChoices(d templates.Desk) map[string][]templates.Option {
	choices := map[string][]templates.Option{
		"category": c.categoryChoices(d), "region_code": c.regionChoices(d), "urgency": urgencyChoices(d),
	}
	for _, unit := range contract.Units() {
		choices["unit"] = append(choices["unit"], templates.Option{Value: string(unit), Label: d.UnitName(unit)})
	}
	for _, mode := range contract.Modes() {
		choices["mode"] = append(choices["mode"], templates.Option{Value: string(mode), Label: d.Mode(mode)})
	}
	choices["kind"], choices["level"] = templates.OrganisationKinds(d, ""), templates.LevelOptions(d)
	return choices
}

// changeUpload does what the button of the form says. All but taking back and
// removing take over how the columns are mapped first.
func (c console) changeUpload(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	id, form := chi.URLParam(r, "id"), r.PostForm
	err := c.actOnUpload(r, id, form)
	if err != nil {
		return c.refuse(w, r, &refusal{err: err, form: form}, c.uploadPage)
	}
	if form.Get("act") == "drop" {
		return done(w, r, uploadsPath)
	}
	http.Redirect(w, r, uploadPath(id), http.StatusSeeOther) //nolint:gosec // our own path, and an id
	return nil
}

func (c console) actOnUpload(r *http.Request, id string, form url.Values) error {
	ctx, act := r.Context(), form.Get("act")
	switch act {
	case "undo":
		return c.Uploads.Undo(ctx, id)
	case "drop":
		return c.Uploads.Drop(ctx, id)
	case "use":
		return c.Uploads.Use(ctx, id, form.Get("use_name"))
	case "forget":
		return c.Uploads.Forget(ctx, importer.Kind(form.Get("kind")), form.Get("use_name"))
	}
	if err := c.Uploads.Set(ctx, id, settingsFrom(form)); err != nil {
		return err
	}
	switch act {
	case "keep":
		return c.Uploads.Keep(ctx, id, form.Get("mapping_name"))
	case "take":
		return c.Uploads.Start(ctx, id)
	}
	return nil
}

func settingsFrom(form url.Values) upload.Settings {
	s := upload.Settings{Source: strings.TrimSpace(form.Get("source")), Open: form.Get("open") == "on", Vouch: form.Get("vouch") == "on", Confirmed: form.Get("confirmed") == "on"}
	s.Mapping = mappingFrom(form)
	return s
}

// mappingFrom reads a mapping from the fields column.X and value.X of a form.
func mappingFrom(form url.Values) importer.Mapping {
	m := importer.Mapping{Columns: map[string]string{}, Values: map[string]string{}}
	for name := range form {
		if field, ok := strings.CutPrefix(name, "column."); ok {
			m.Columns[field] = form.Get(name)
		} else if field, ok := strings.CutPrefix(name, "value."); ok {
			m.Values[field] = form.Get(name)
		}
	}
	return m
}

// refusedRows sends the rows that were not taken, or would not be, as they were
// written, each with its reason: mended, they are a table again.
func (c console) refusedRows(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "id")
	shown, err := c.Uploads.Get(r.Context(), id)
	if err != nil {
		return err
	}
	all, err := c.Uploads.Refused(r.Context(), id)
	if err != nil {
		return err
	}
	d := c.desk(r, &url.URL{Path: uploadPath(id)}, "")
	out, err := beginSheet(w, path.Ext(shown.Name))
	if err == nil {
		err = out.write(append(append([]string{}, all.Columns...), "error"))
	}
	for _, row := range all.Rows {
		cells := make([]string, len(all.Columns), len(all.Columns)+1)
		copy(cells, row.Cells)
		if err == nil {
			err = out.write(append(cells, strconv.Itoa(row.Line)+": "+templates.RowReason(d, row.Faults, row.Reason)))
		}
	}
	return errors.Join(err, out.end())
}

// beginSheet begins a file of refused rows, in the form of the file they came in.
func beginSheet(w http.ResponseWriter, ending string) (sheet, error) {
	if strings.EqualFold(ending, ".xlsx") {
		w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
		w.Header().Set("Content-Disposition", `attachment; filename="refused.xlsx"`)
		return newWorkbook(w)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="refused.csv"`)
	return newCSV(w), nil
}
