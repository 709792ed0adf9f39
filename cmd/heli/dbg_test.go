package main

import (
	"net/http"
	"testing"

	"heli/pkg/testkit"
)

func TestDbg(t *testing.T) {
	i := startHeli(t, testkit.DataDir(t))
	a := attempt{key: "0193a1b2-1111-7abc-8def-0123456789ab"}
	i.public().call(http.StatusCreated, http.MethodPost, "/requests", a.key, publicDraft(a))
	checkInvariants(t, i)
	t.Log("plain ok")
	data := i.data
	i.kill()
	awaitNoPostgres(t, data)
	i = startHeli(t, data)
	checkInvariants(t, i)
	t.Log("after kill ok")
	a = attempt{key: "0193a1b2-1111-7abc-8def-012345678cab"}
	i.public().call(http.StatusCreated, http.MethodPost, "/requests", a.key, publicDraft(a))
	checkInvariants(t, i)
	t.Log("after kill and submit ok")
}
