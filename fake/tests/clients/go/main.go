// SPDX-License-Identifier: MIT

// A Go client from end to end: client.exe FOLDER, which has t.wim and an empty folder m. DismApi.dll is
// found as Windows finds it: beside the program.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

var image, mount string

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func check(claim bool, format string, args ...any) {
	if !claim {
		fail("not so: "+format, args...)
	}
}

func isEmpty(folder string) bool {
	entries, err := os.ReadDir(folder)
	check(err == nil, "%v", err)
	return len(entries) == 0
}

func put(name, content string) {
	err := os.WriteFile(filepath.Join(mount, name), []byte(content), 0o644)
	check(err == nil, "%v", err)
}

func doMount(event syscall.Handle, t *ticks) uint32 {
	current = t
	return dism("DismMountImage", text(image), text(mount), 1, 0, byIndex, readWrite, uintptr(event), callback, userData)
}

func anImageIsDescribed() {
	info, count := imageInfo(image)
	check(count == 2, "two images; came %d", count)
	for i := 0; i < 2; i++ {
		one := info.element(sizeOfImageInfo, i)
		check(one.number(0) == 0 && one.number(4) == uint32(i+1), "a WIM's image number %d", i+1)
		check(one.text(8) == [...]string{"One", "Zw\u00f6lf"}[i], "its name; came %q", one.text(8))
		check(one.long(24) > 0, "its size")
		custom := record{*(*unsafe.Pointer)(unsafe.Add(one.at, 132))}
		check(custom.number(0) == 44 && custom.number(4) == 4 && custom.number(8) == 3,
			"4 folders, the root one of them, and 3 files; came %d, %d", custom.number(4), custom.number(8))
	}
	info.free()
	check(dism("DismDelete", uintptr(info.at)) == invalidArgument, "freed only once")
}

func aFailureHasAMessage() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var info record
	var count uint32
	missing := filepath.Join(filepath.Dir(image), "missing-\u00e9.wim")
	code := dism("DismGetImageInfo", text(missing), uintptr(unsafe.Pointer(&info.at)), uintptr(unsafe.Pointer(&count)))
	check(code == fileNotFound, "not found; came 0x%08X", code)
	message := lastMessage()
	check(strings.Contains(message, "missing-\u00e9.wim"), "a message with the name; came %q", message)
}

func aCancelEventStopsAMount() {
	event := newEvent()
	t := ticks{at: func(tick uint32) {
		if tick == 40 {
			setEvent(event)
		}
	}}
	code := doMount(event, &t)
	check(code == cancelled || code == requestAborted, "cancelled; came 0x%08X: %s", code, lastMessage())
	t.areCounted(40, 100)
	check(isEmpty(mount), "nothing left of it")
	check(syscall.CloseHandle(event) == nil, "closed")
}

func theMountIsListed() {
	info, count := mountedImages()
	check(count == 1, "one mount; came %d", count)
	check(strings.EqualFold(info.text(0), mount), "mounted at %s; came %q", mount, info.text(0))
	check(strings.EqualFold(info.text(8), image), "mounted from %s; came %q", image, info.text(8))
	check(info.number(16) == 1 && info.number(20) == 0 && info.number(24) == 0, "image 1, read-write, ok")
	check(sizeOfMountedImageInfo == 28, "28 bytes")
	info.free()
}

func aFaultMakesTheCommitFailOnce(session uint32) {
	wants(0, "DismFakeLoadFaults", utf8(`[{"id": "full", "at": "DismCommitImage/write",
		"do": {"return": "win32:ERROR_DISK_FULL", "effect": "none"}}]`))
	before, _ := os.ReadFile(image)
	wants(diskFull, "DismCommitImage", uintptr(session), 0, 0, 0, 0)
	after, _ := os.ReadFile(image)
	check(len(before) > 0 && string(before) == string(after), "the image as it was")
	wants(0, "DismFakeAwait", utf8("fired:full"), 60000)
	wants(0, "DismFakeDisarm", 0)
}

// A session that is closed while its commit runs waits for it and refuses what comes later.
func aClosingSessionWaitsForItsCommit(session uint32) {
	wants(0, "DismFakeLoadFaults", utf8(`[{"id": "pause", "at": "DismCommitImage/write", "do": {"hold": "gate"}}]`))
	committed, closed, closer := make(chan uint32, 1), make(chan uint32, 1), make(chan uint32, 1)
	t := ticks{}
	current = &t
	go func() { committed <- dism("DismCommitImage", uintptr(session), 0, 0, callback, userData) }()
	wants(0, "DismFakeAwait", utf8("held:gate"), 60000)
	go func() {
		runtime.LockOSThread()
		closer <- dism("DismFakeThreadId")
		closed <- dism("DismCloseSession", uintptr(session))
	}()
	wants(0, "DismFakeAwait", utf8(fmt.Sprintf("blocked:%d", <-closer)), 60000)
	wants(invalidSession, "DismCommitImage", uintptr(session), 0, 0, 0, 0)
	check(len(committed) == 0 && len(closed) == 0, "both wait")
	wants(0, "DismFakeRelease", utf8("gate"))
	code := <-committed
	check(code == 0, "committed; came 0x%08X", code)
	code = <-closed
	check(code == 0, "closed; came 0x%08X", code)
	t.areCounted(100, 100)
	wants(invalidSession, "DismCloseSession", uintptr(session))
	wants(0, "DismFakeDisarm", 0)
}

func changesAreSaved() {
	var session uint32
	wants(0, "DismOpenSession", text(mount), 0, 0, uintptr(unsafe.Pointer(&session)))
	check(session != 0, "a session number")
	put("\u00fcber.txt", "new")
	check(os.Remove(filepath.Join(mount, "hello.txt")) == nil, "hello.txt deleted")
	wants(openSessions, "DismShutdown")
	wants(openHandles, "DismUnmountImage", text(mount), discard, 0, 0, 0)
	aFaultMakesTheCommitFailOnce(session)
	aClosingSessionWaitsForItsCommit(session)
	put("second.txt", "saved by the unmount")
	t := ticks{}
	current = &t
	wants(0, "DismUnmountImage", text(mount), commit, 0, callback, userData)
	t.areCounted(200, 200)
	check(isEmpty(mount), "an empty folder")
}

func main() {
	if len(os.Args) != 2 {
		fail("usage: client FOLDER")
	}
	if err := dll.Load(); err != nil {
		fail("%v", err)
	}
	image, mount = filepath.Join(os.Args[1], "t.wim"), filepath.Join(os.Args[1], "m")
	check(dll.NewProc("DismNoSuchCall").Find() != nil, "DismNoSuchCall is not found")
	wants(notInitialized, "DismCloseSession", 1)
	wants(0, "DismInitialize", 2, text(filepath.Join(os.Args[1], "dism.log")), 0)
	anImageIsDescribed()
	aFailureHasAMessage()
	aCancelEventStopsAMount()
	t := ticks{}
	code := doMount(0, &t)
	check(code == 0, "mounted; came 0x%08X", code)
	t.areCounted(100, 100)
	theMountIsListed()
	changesAreSaved()
	check(dism("DismFakeLiveAllocations") == 0, "everything given back")
	wants(0, "DismShutdown")
	fmt.Println("done")
}
