// SPDX-License-Identifier: MIT

// The DISM API as a Go program for Windows calls it: the standard library's syscall, no cgo, no header.
package main

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

const (
	byIndex         = 0
	readWrite       = 0
	commit          = 0
	discard         = 1
	cancelled       = 0x800704C7
	requestAborted  = 0x800704D3
	notInitialized  = 0xC0040001
	openSessions    = 0xC0040003
	invalidSession  = 0xC0040004
	openHandles     = 0xC004000A
	fileNotFound    = 0x80070002
	diskFull        = 0x80070070
	invalidArgument = 0x80070057
)

var (
	dll    = syscall.NewLazyDLL("DismApi.dll")
	kernel = syscall.NewLazyDLL("kernel32.dll")
)

// dism calls a function of the DLL; what arguments point to stays where it is until it returns.
//
//go:uintptrescapes
func dism(name string, args ...uintptr) uint32 {
	code, _, _ := dll.NewProc(name).Call(args...)
	return uint32(code)
}

func text(s string) uintptr {
	units, err := syscall.UTF16PtrFromString(s)
	if err != nil {
		panic(err)
	}
	kept = append(kept, units)
	return uintptr(unsafe.Pointer(units))
}

// Texts live as long as the program, so that a bare number may stand for them.
var kept []*uint16

func utf8(s string) uintptr {
	bytes, err := syscall.BytePtrFromString(s)
	if err != nil {
		panic(err)
	}
	keptBytes = append(keptBytes, bytes)
	return uintptr(unsafe.Pointer(bytes))
}

var keptBytes []*byte

// record is one of the API's packed structures; fields are found by their place (64-bit).
type record struct{ at unsafe.Pointer }

func (r record) number(place int) uint32 {
	return binary.LittleEndian.Uint32((*[4]byte)(unsafe.Add(r.at, place))[:])
}

func (r record) long(place int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(r.at, place))[:])
}

func (r record) text(place int) string {
	start := *(*unsafe.Pointer)(unsafe.Add(r.at, place))
	if start == nil {
		return ""
	}
	var units []uint16
	for at := start; *(*uint16)(at) != 0; at = unsafe.Add(at, 2) {
		units = append(units, *(*uint16)(at))
	}
	return syscall.UTF16ToString(units)
}

func (r record) element(size, i int) record { return record{unsafe.Add(r.at, size*i)} }

func (r record) free() { wants(0, "DismDelete", uintptr(r.at)) }

// The sizes of the structures that come in arrays, in 64-bit programs.
const (
	sizeOfImageInfo        = 140
	sizeOfMountedImageInfo = 28
)

func imageInfo(path string) (first record, count uint32) {
	wants(0, "DismGetImageInfo", text(path), uintptr(unsafe.Pointer(&first.at)), uintptr(unsafe.Pointer(&count)))
	return
}

func mountedImages() (first record, count uint32) {
	wants(0, "DismGetMountedImageInfo", uintptr(unsafe.Pointer(&first.at)), uintptr(unsafe.Pointer(&count)))
	return
}

// lastMessage belongs to the thread of the failed call, to which the caller is locked.
func lastMessage() string {
	var message record
	if dism("DismGetLastErrorMessage", uintptr(unsafe.Pointer(&message.at))) != 0 {
		return ""
	}
	text := message.text(0)
	message.free()
	return text
}

// wants ends the program unless the call gives that code.
//
//go:uintptrescapes
func wants(code uint32, name string, args ...uintptr) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if got := dism(name, args...); got != code {
		message := ""
		if name != "DismDelete" {
			message = lastMessage()
		}
		fail("%s gave 0x%08X (%s), wanted 0x%08X", name, got, message, code)
	}
}

func newEvent() syscall.Handle {
	event, _, err := kernel.NewProc("CreateEventW").Call(0, 1, 0, 0)
	if event == 0 {
		fail("CreateEventW: %v", err)
	}
	return syscall.Handle(event)
}

func setEvent(event syscall.Handle) {
	if done, _, err := kernel.NewProc("SetEvent").Call(uintptr(event)); done == 0 {
		fail("SetEvent: %v", err)
	}
}

// ticks collects what one call reports.
type ticks struct {
	seen, total uint32
	mistake     string
	at          func(current uint32)
}

const userData = 0x5A17

var (
	current  *ticks
	callback = syscall.NewCallback(func(tick, total uint32, user uintptr) uintptr {
		current.seen++
		current.total = total
		if tick != current.seen || user != userData {
			current.mistake = fmt.Sprintf("tick %d came as %d with user data 0x%X", current.seen, tick, user)
		}
		if tick%25 == 0 {
			runtime.GC()
		}
		if current.at != nil {
			current.at(tick)
		}
		return 0
	})
)

func (t *ticks) areCounted(last, total uint32) {
	check(t.mistake == "", t.mistake)
	check(t.seen == last && t.total == total, "ticks to %d of %d; came %d of %d", last, total, t.seen, t.total)
}
