package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
)

// ownFile is the file that stands beside every request of the stubs.
const ownFile = contract.AttachmentID("01998d00-0000-7000-8000-00000000f11e")

// ownOf answers a call for one's own data, to a token alone.
func ownOf[Q, R any](server *bus.Server, e contract.Endpoint[Q, R], own R) error {
	return bus.Handle(server, e, func(ctx context.Context, _ Q) (R, error) {
		if contract.ActorFrom(ctx).Subject == "" {
			var none R
			return none, fault.NewForbidden("export_own")
		}
		return own, nil
	})
}

func (s *services) ownRequest(server *bus.Server) error {
	at, photo := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC), contract.Attachment{ID: ownFile, Name: "病历 一.jpg", MediaType: "image/jpeg", Bytes: 2048}
	photo.At = at
	return first(
		ownOf(server, contract.RequestOwn, contract.OwnRequest{
			Attachments: []contract.Attachment{photo}, Complaints: []contract.OwnWords{{ID: "c1", At: at, Text: "他没有来"}}, Notes: 2, FollowUpAt: &at,
			Published: &contract.Published{Title: "需要口罩", At: at},
		}),
		bus.Handle(server, contract.RequestAttachment, func(ctx context.Context, q contract.AttachmentByID) (contract.AttachmentContent, error) {
			if contract.ActorFrom(ctx).Subject != string(q.RequestID) || q.ID != ownFile {
				return contract.AttachmentContent{}, fault.NewNotFound("attachment")
			}
			return contract.AttachmentContent{Attachment: photo, Content: []byte("a photo")}, nil
		}))
}

func ownOffer(server *bus.Server) error {
	return ownOf(server, contract.OfferOwn, contract.OwnOffer{
		Sessions:  []contract.OwnSession{{HeldOn: "2026-03-02", Minutes: 50}},
		Reminders: []contract.OwnTold{{Kind: "stands", At: time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)}},
	})
}

func ownMatches(server *bus.Server) error {
	at := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	return ownOf(server, contract.MatcherOwn, contract.OwnMatches{
		Complaints:   []contract.OwnComplaint{{ID: "c1", MatchCode: "M-OWN", Kind: contract.ComplaintNoShow, State: "open", CreatedAt: at}},
		About:        contract.AboutOneself{Told: true, Open: 1, Closed: 4},
		Appointments: []contract.Appointment{{Code: "M-OWN", Start: at, End: at.Add(time.Hour), Place: "社区中心二楼"}},
		Weeks:        []contract.OwnWeek{{Week: "2026-02-23", Asked: 3}},
	})
}

func (s *services) ownMessages(server *bus.Server) error {
	at := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	return bus.Handle(server, contract.NotifyOwn, func(context.Context, contract.Empty) (contract.Listing[contract.OwnMessage], error) {
		if s.ownSilent.Load() {
			return contract.Listing[contract.OwnMessage]{}, fault.NewUnavailable(nil)
		}
		return contract.Listing[contract.OwnMessage]{Items: []contract.OwnMessage{
			{Kind: "found", Channel: contract.ChannelSMS, State: "delivered", MadeAt: at, Tries: []contract.OwnTold{{At: at}}},
		}}, nil
	})
}

func ownReadings(server *bus.Server) error {
	return ownOf(server, contract.DirectoryOwn, contract.Listing[contract.OwnReading]{Items: []contract.OwnReading{
		{At: time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC), Action: "request.contact.read", Role: contract.RoleCoordinator},
		{At: time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC), Action: "request.complaint.read", Role: contract.RoleAdministrator},
	}})
}

// TestAllThatIsKeptIsTakenAlong shows each kind on the page and in the file, and
// fetches a file beside the request by the token alone.
func TestAllThatIsKeptIsTakenAlong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	r.post("/request", requestForm(key(61)))
	r.post("/track/data", nil).shows(http.StatusOK, "病历 一.jpg", "图片（JPEG）", "2 KB", "他没有来", "社区中心二楼", "处理中 1 件，已结束 4 件",
		"短信", "您的联系方式 · 调度员", "您反映的问题 · 管理员", "工作人员的备注", "需要口罩", "第 1 个链接")
	r.post("/track/data.json", nil).shows(http.StatusOK, `"name": "病历 一.jpg"`, `"text": "他没有来"`, `"place": "社区中心二楼"`,
		`"asked": 3`, `"kind": "found"`, `"action": "request.complaint.read"`, `"notes": 2`, `"opens": "track"`)
	if token := site.Token(b.world.Keys, site.Track, r.tracked(), 0); strings.Contains(r.page, token) {
		t.Error("the file holds the token that opens the page")
	}
	r.get("/track/files/"+string(ownFile)).shows(http.StatusOK, "a photo")
	r.get("/track/files/01998d00-0000-7000-8000-0000000000ff").shows(http.StatusNotFound)
	b.reader().get("/track/files/" + string(ownFile)).shows(http.StatusNotFound)

	helper := b.reader()
	helper.post("/offer", offerForm(key(62)))
	helper.post("/track/data", nil).shows(http.StatusOK, "2026-03-02", "50 分钟", "提醒过您")
	helper.post("/track/data.json", nil).shows(http.StatusOK, `"held_on": "2026-03-02"`, `"beside_offer"`)
	helper.get("/track/files/" + string(ownFile)).shows(http.StatusNotFound)
}

// TestHalfAnExportIsNone takes one service away.
func TestHalfAnExportIsNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	r.post("/request", requestForm(key(63)))
	b.ownSilent.Store(true)
	r.post("/track/data.json", nil)
	if r.status != http.StatusServiceUnavailable || strings.Contains(r.page, `"contact"`) {
		t.Errorf("without one service the export answers %d: %s", r.status, r.page)
	}
}
