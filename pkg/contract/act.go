package contract

// Act is what somebody did, as the audit chain says it. Those below are all there
// are: no other package can make one, so that none is recorded without a name in the
// catalogues. Its text is its code; any code can be read, since another version of a
// service may record one that this one does not know.
type Act struct {
	code  string
	about About
}

// About is a kind of thing that an act was done to.
type About string

// What acts are done to.
const (
	AboutAccount      About = "account" // of a person, or a key
	AboutCategory     About = "category"
	AboutComplaint    About = "complaint"
	AboutEndpoint     About = "endpoint" // a webhook or a robot
	AboutKey          About = "key"
	AboutOffer        About = "offer"
	AboutOrganisation About = "organisation"
	AboutPerson       About = "person"
	AboutPolicy       About = "policy"
	AboutPost         About = "post" // of a form of another program
	AboutRequest      About = "request"
	AboutService      About = "service"
	AboutSession      About = "session" // of help, with who came
)

// What is done with requests and offers, and with what others said of them.
var (
	ActReadRequestContact   = Act{"request.contact.read", AboutRequest}
	ActReachRequester       = Act{"request.contact.reach", AboutRequest} // by notify, for a message
	ActReadRequestComplaint = Act{"request.complaint.read", AboutRequest}
	ActPublishRequest       = Act{"request.publish", AboutRequest}
	ActUnpublishRequest     = Act{"request.unpublish", AboutRequest}
	ActEraseRequest         = Act{"request.erase", AboutRequest}
	ActExportRequests       = Act{"request.export", AboutAccount}
	ActLookUpPhone          = Act{"request.phone.look_up", AboutAccount}
	ActReadOfferContact     = Act{"offer.contact.read", AboutOffer}
	ActReachHelper          = Act{"offer.contact.reach", AboutOffer} // by notify, for a message
	ActReadOfferComplaint   = Act{"offer.complaint.read", AboutOffer}
	ActPublishOffer         = Act{"offer.publish", AboutOffer}
	ActUnpublishOffer       = Act{"offer.unpublish", AboutOffer}
	ActEraseOffer           = Act{"offer.erase", AboutOffer}
	ActReadRoster           = Act{"session.roster.read", AboutSession}
	ActTakeComplaint        = Act{"complaint.take", AboutComplaint}
	ActCloseComplaint       = Act{"complaint.close", AboutComplaint}
	ActReadPost             = Act{"inbound.read", AboutPost}
)

// What is done with people, their ways to sign in, and keys.
var (
	ActAddPerson         = Act{"add_person", AboutPerson}
	ActChangePerson      = Act{"change_person", AboutPerson}
	ActRevokePerson      = Act{"revoke_person", AboutPerson}
	ActGrantRole         = Act{"grant_role", AboutPerson}
	ActWithdrawRole      = Act{"withdraw_role", AboutPerson}
	ActMakeLogin         = Act{"make_login", AboutPerson}
	ActMakeReset         = Act{"make_reset", AboutPerson}
	ActRedeemLogin       = Act{"redeem_login", AboutPerson}
	ActSignIn            = Act{"sign_in", AboutPerson}
	ActUseRecoveryCode   = Act{"use_recovery_code", AboutPerson}
	ActSetPassword       = Act{"set_password", AboutPerson}
	ActAddFactor         = Act{"add_factor", AboutPerson}
	ActRemoveFactor      = Act{"remove_factor", AboutPerson}
	ActMakeRecoveryCodes = Act{"make_recovery_codes", AboutPerson}
	ActLinkAccount       = Act{"link_account", AboutPerson}
	ActUnlinkAccount     = Act{"unlink_account", AboutPerson}
	ActSetNotices        = Act{"set_notices", AboutPerson}
	ActReachPerson       = Act{"person.contact.reach", AboutPerson} // by notify, for a message
	ActMakeAPIKey        = Act{"make_api_key", AboutKey}
	ActRevokeAPIKey      = Act{"revoke_api_key", AboutKey}
)

// What is done with the installation.
var (
	ActRegisterOrganisation = Act{"register_organisation", AboutOrganisation}
	ActReviseOrganisation   = Act{"revise_organisation", AboutOrganisation}
	ActEndOrganisation      = Act{"end_organisation", AboutOrganisation}
	ActNameSafeguard        = Act{"name_safeguard", AboutOrganisation}
	ActPutCategory          = Act{"put_category", AboutCategory}
	ActSetPolicy            = Act{"matcher.policy.set", AboutPolicy}
	ActEditEndpoint         = Act{"notify.endpoint.edit", AboutEndpoint}
	ActMoveEndpoint         = Act{"notify.endpoint.move", AboutEndpoint} // to another address, or the key of a robot
	ActExportAudit          = Act{"audit.export", AboutAccount}
)

// ActReplayLetters is that dead letters of a service are handled again.
func ActReplayLetters(service string) Act { return Act{service + ".replay_letters", AboutService} }

// ActDropLetters is that dead letters of a service are forgotten.
func ActDropLetters(service string) Act { return Act{service + ".drop_letters", AboutService} }

// Acts lists every act, by area.
func Acts() []Act {
	acts := []Act{
		ActReadRequestContact, ActReachRequester, ActReadRequestComplaint, ActPublishRequest, ActUnpublishRequest,
		ActEraseRequest, ActExportRequests, ActLookUpPhone, ActReadOfferContact, ActReachHelper, ActReadOfferComplaint,
		ActPublishOffer, ActUnpublishOffer, ActEraseOffer, ActReadRoster, ActTakeComplaint, ActCloseComplaint, ActReadPost,
		ActAddPerson, ActChangePerson, ActRevokePerson, ActGrantRole, ActWithdrawRole, ActMakeLogin, ActMakeReset,
		ActRedeemLogin, ActSignIn, ActUseRecoveryCode, ActSetPassword, ActAddFactor, ActRemoveFactor, ActMakeRecoveryCodes,
		ActLinkAccount, ActUnlinkAccount, ActSetNotices, ActReachPerson, ActMakeAPIKey, ActRevokeAPIKey,
		ActRegisterOrganisation, ActReviseOrganisation, ActEndOrganisation, ActNameSafeguard, ActPutCategory, ActSetPolicy,
		ActEditEndpoint, ActMoveEndpoint, ActExportAudit,
	}
	for _, service := range LetterKeepers() {
		acts = append(acts, ActReplayLetters(service), ActDropLetters(service))
	}
	return acts
}

// ActOf returns the act of a code, and false for one that is not known here.
func ActOf(code string) (Act, bool) {
	for _, act := range Acts() {
		if act.code == code {
			return act, true
		}
	}
	return Act{code: code}, false
}

// Code is what the chain keeps, and what lists and files are searched by; empty for
// no act.
func (a Act) Code() string { return a.code }

// About is the kind of thing that it is done to; empty for one not known here.
func (a Act) About() About { return a.about }

// MarshalText writes the code.
func (a Act) MarshalText() ([]byte, error) { return []byte(a.code), nil }

// UnmarshalText reads any code.
func (a *Act) UnmarshalText(text []byte) error {
	*a, _ = ActOf(string(text))
	return nil
}
