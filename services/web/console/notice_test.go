package console_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// answerNotices answers about mail to staff, on the channels given.
func (d *desk) answerNotices(refused error, channels ...contract.Channel) {
	stub(d, contract.NotifyChannels, func(context.Context, contract.Empty) (contract.Channels, error) {
		return contract.Channels{Channels: channels}, nil
	})
	stub(d, contract.DirectoryNotices, func(context.Context, contract.PersonByID) (contract.StaffNotices, error) {
		return contract.StaffNotices{
			Mail: true, Address: "lin@example.org", SignIn: "lin.xiao@example.org", Bounces: true,
			NoticeTimes: contract.NoticeTimes{Digest: contract.DigestDaily, Quiet: &contract.QuietHours{From: "21:30", To: "06:30"}, TimeZone: "Asia/Urumqi"},
		}, nil
	})
	stub(d, contract.DirectorySetNotices, func(context.Context, contract.SetStaffNotices) (contract.StaffNotices, error) {
		return contract.StaffNotices{}, refused
	})
}

func TestStaffChooseTheirMailThemselves(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.enter(contract.RoleCoordinator)
	d.answerNotices(nil, contract.ChannelMail)
	r.get("/console/account").shows(t, http.StatusOK, `action="/console/account/notices"`, "lin@example.org", "lin.xiao@example.org", "21:30", "Asia/Urumqi", "came back")
	form := url.Values{
		"mail": {"on"}, "address": {" other@example.org "}, "digest": {"hourly"}, "quiet_hours.from": {"22:00"}, "quiet_hours.to": {"07:00"}, "time_zone": {"Asia/Shanghai"},
	}
	if got := r.post("/console/account/notices", form); got.status != http.StatusSeeOther {
		t.Fatalf("%d", got.status)
	}
	set := last[contract.SetStaffNotices](d, contract.DirectorySetNotices.Subject)
	if !set.Mail || set.Address != "other@example.org" || set.Digest != contract.DigestHourly || set.Quiet == nil || *set.Quiet != (contract.QuietHours{From: "22:00", To: "07:00"}) || set.PersonID == "" {
		t.Errorf("set %+v", set)
	}
	if got := r.post("/console/account/notices", url.Values{"digest": {"daily"}, "time_zone": {"Asia/Shanghai"}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d", got.status)
	}
	if set := last[contract.SetStaffNotices](d, contract.DirectorySetNotices.Subject); set.Mail {
		t.Errorf("set %+v", set)
	}
}

func TestAWrongAddressComesBackAsTyped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.enter(contract.RoleCoordinator)
	d.answerNotices(fault.NewInvalid(fault.Field{Location: "address", Code: "malformed"}))
	form := url.Values{"mail": {"on"}, "address": {"nobody"}, "digest": {"hourly"}, "time_zone": {"Asia/Shanghai"}}
	r.post("/console/account/notices", form).shows(t, http.StatusUnprocessableEntity, `id="f-address-error"`, `value="nobody"`, "No mail server is set up")
}
