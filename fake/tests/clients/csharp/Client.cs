// SPDX-License-Identifier: MIT
// Client.cs - a C# client from end to end: Client.exe FOLDER, which has t.wim and an empty folder m.
using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;

static class Client
{
    const int ByIndex = 0, ByName = 1;
    const uint Commit = 0, Discard = 1;
    const uint Cancelled = 0x800704C7, RequestAborted = 0x800704D3;
    static string image, mount;

    // Collects the ticks of one call; the user data must come back and the collector must not move the delegate.
    sealed class Ticks
    {
        public readonly List<uint> Seen = new List<uint>();
        public readonly DismProgress Callback;
        public uint Total;
        public Action<uint> At = tick => { };
        string mistake;

        public Ticks()
        {
            Callback = (current, total, userData) => {
                Seen.Add(current);
                Total = total;
                if (userData != (IntPtr)0x5A17)
                    mistake = "user data became " + userData;
                if (current % 25 == 0)
                    GC.Collect();
                At(current);
            };
        }

        public IntPtr UserData { get { return (IntPtr)0x5A17; } }

        public void AreCounted(uint last, uint total)
        {
            Check.That(mistake == null, mistake);
            Check.That(Seen.Count == last && Total == total, "ticks to " + last + " of " + total + "; came " +
                Seen.Count + " of " + Total);
            for (int i = 0; i < Seen.Count; i++)
                Check.That(Seen[i] == i + 1, "tick " + (i + 1) + " came as " + Seen[i]);
        }
    }

    static bool WasCancelled(int code)
    {
        return code == unchecked((int)Cancelled) || code == unchecked((int)RequestAborted);
    }

    static int Mount(IntPtr cancel, Ticks ticks)
    {
        return Dism.DismMountImage(image, mount, 1, null, ByIndex, 0, cancel, ticks.Callback, ticks.UserData);
    }

    static void SizesAreThoseOfThePackedStructures()
    {
        Check.That(Marshal.SizeOf(typeof(DismImageInfo)) == 140, "DismImageInfo has 140 bytes");
        Check.That(Marshal.SizeOf(typeof(DismMountedImageInfo)) == 28, "DismMountedImageInfo has 28 bytes");
        Check.That(Marshal.SizeOf(typeof(DismWimCustomizedInfo)) == 44, "DismWimCustomizedInfo has 44 bytes");
    }

    static void AnImageIsDescribed()
    {
        IntPtr block;
        uint count;
        Check.Code(0, Dism.DismGetImageInfo(image, out block, out count), "DismGetImageInfo");
        Check.That(count == 2, "two images");
        var custom = (DismWimCustomizedInfo)Marshal.PtrToStructure(
            ((DismImageInfo)Marshal.PtrToStructure(block, typeof(DismImageInfo))).CustomizedInfo,
            typeof(DismWimCustomizedInfo));
        Check.That(custom.Size == 44 && custom.FileCount == 3 && custom.DirectoryCount == 4,
            "CustomizedInfo counts 3 files and 4 folders, the root one of them; came " + custom.FileCount + ", " + custom.DirectoryCount);
        Check.That(custom.CreatedTime.Year >= 2020 && custom.CreatedTime.Month >= 1, "a time of creation");
        var infos = Dism.Take<DismImageInfo>(block, count);
        for (uint i = 0; i < 2; i++)
            Check.That(infos[i].ImageType == 0 && infos[i].ImageIndex == i + 1, "a WIM's image number " + (i + 1));
        Check.That(infos[0].ImageName == "One" && infos[1].ImageName == "Zw\u00f6lf", "the second image's name; came "
            + infos[1].ImageName);
        Check.That(infos[0].ImageSize > 0 && infos[0].Bootable == 1, "a size, not bootable");
        Check.Code(0x80070057, Dism.DismDelete(block), "DismDelete");
    }

    static void AFailureHasAMessage()
    {
        IntPtr block;
        uint count;
        string missing = Path.Combine(Path.GetDirectoryName(image), "missing-\u00e9.wim");
        Check.Code(0x80070002, Dism.DismGetImageInfo(missing, out block, out count), "DismGetImageInfo");
        string message = Dism.LastMessage();
        Check.That(message != null && message.Contains("missing-\u00e9.wim"), "a message with the name; came " + message);
    }

    static void ACancelEventStopsAMount()
    {
        IntPtr cancel = Fake.DismFakeCreateEvent(1, 0);
        Check.That(cancel != IntPtr.Zero, "an event");
        var ticks = new Ticks();
        ticks.At = tick => { if (tick == 40) Fake.DismFakeSetEvent(cancel); };
        int code = Mount(cancel, ticks);
        Check.That(WasCancelled(code), "cancelled; came " + code.ToString("X8"));
        ticks.AreCounted(40, 100);
        Check.That(Directory.GetFileSystemEntries(mount).Length == 0, "nothing left of it");
        Check.That(Fake.DismFakeCloseEvent(cancel) != 0, "closed");
    }

    // On Linux the runtime's own event is a number that means nothing to a native library.
    static void AnEventOfTheRuntimeIsHarmless()
    {
        using (var cancel = new ManualResetEvent(true)) {
            var ticks = new Ticks();
            Check.Code(0, Mount(cancel.SafeWaitHandle.DangerousGetHandle(), ticks), "DismMountImage");
            ticks.AreCounted(100, 100);
        }
    }

    static void TheMountIsListed()
    {
        IntPtr block;
        uint count;
        Check.Code(0, Dism.DismGetMountedImageInfo(out block, out count), "DismGetMountedImageInfo");
        Check.That(count == 1, "one mount; came " + count);
        var found = Dism.Take<DismMountedImageInfo>(block, count)[0];
        Check.That(found.MountPath == mount && found.ImageFilePath == image && found.ImageIndex == 1, "it is ours");
        Check.That(found.MountMode == 0 && found.MountStatus == 0, "read-write and ok");
    }

    static void AFaultMakesTheCommitFailOnce(uint session)
    {
        Check.Code(0, Fake.Load("[{\"id\": \"f\u00fcll\", \"at\": \"DismCommitImage/write\", " +
            "\"do\": {\"return\": \"win32:ERROR_DISK_FULL\", \"effect\": \"none\"}}]"), "DismFakeLoadFaults");
        byte[] before = File.ReadAllBytes(image);
        Check.Code(0x80070070, Dism.DismCommitImage(session, 0, IntPtr.Zero, null, IntPtr.Zero), "DismCommitImage");
        byte[] after = File.ReadAllBytes(image);
        Check.That(Convert.ToBase64String(before) == Convert.ToBase64String(after), "the image as it was");
        Check.Code(0, Fake.Await("fired:f\u00fcll"), "DismFakeAwait");
        Check.That(Fake.Status().Contains("f\u00fcll"), "the rule in the status");
        Check.Code(0, Fake.Disarm("f\u00fcll"), "DismFakeDisarm");
    }

    // A session that is closed while its commit runs waits for it and refuses what comes later.
    static void AClosingSessionWaitsForItsCommit(uint session)
    {
        Check.Code(0, Fake.Load("[{\"id\": \"pause\", \"at\": \"DismCommitImage/write\", \"do\": {\"hold\": \"gate\"}}]"),
            "DismFakeLoadFaults");
        int committed = -1, closed = -1;
        ulong closer = 0;
        var ticks = new Ticks();
        var ready = new ManualResetEvent(false);
        var commit = new Thread(() => {
            committed = Dism.DismCommitImage(session, 0, IntPtr.Zero, ticks.Callback, ticks.UserData);
        });
        var close = new Thread(() => {
            closer = Fake.DismFakeThreadId();
            ready.Set();
            closed = Dism.DismCloseSession(session);
        });
        commit.Start();
        Check.Code(0, Fake.Await("held:gate"), "DismFakeAwait");
        close.Start();
        ready.WaitOne();
        Check.Code(0, Fake.Await("blocked:" + closer), "DismFakeAwait");
        Check.Code(0xC0040004, Dism.DismCommitImage(session, 0, IntPtr.Zero, null, IntPtr.Zero), "DismCommitImage");
        Check.That(closed == -1 && committed == -1, "both wait");
        Check.Code(0, Fake.Release("gate"), "DismFakeRelease");
        commit.Join();
        close.Join();
        Check.Code(0, committed, "DismCommitImage");
        Check.Code(0, closed, "DismCloseSession");
        ticks.AreCounted(100, 100);
        Check.Code(0xC0040004, Dism.DismCloseSession(session), "DismCloseSession");
        Check.Code(0, Fake.Disarm(null), "DismFakeDisarm");
    }

    static void ANameThatTheApiLacksIsNotFound()
    {
        try {
            Dism.DismNoSuchCall();
        } catch (EntryPointNotFoundException) {
            return;
        }
        throw new Exception("DismNoSuchCall was found");
    }

    static void ChangesAreSaved()
    {
        uint session;
        Check.Code(0, Dism.DismOpenSession(mount, null, null, out session), "DismOpenSession");
        Check.That(session != 0, "a session number");
        File.WriteAllText(Path.Combine(mount, "\u00fcber.txt"), "new");
        File.Delete(Path.Combine(mount, "hello.txt"));
        Check.Code(0xC0040003, Dism.DismShutdown(), "DismShutdown");
        Check.Code(0xC004000A, Dism.DismUnmountImage(mount, Discard, IntPtr.Zero, null, IntPtr.Zero), "DismUnmountImage");
        AFaultMakesTheCommitFailOnce(session);
        AClosingSessionWaitsForItsCommit(session);
        File.WriteAllText(Path.Combine(mount, "second.txt"), "saved by the unmount");
        var ticks = new Ticks();
        Check.Code(0, Dism.DismUnmountImage(mount, Commit, IntPtr.Zero, ticks.Callback, ticks.UserData),
            "DismUnmountImage");
        ticks.AreCounted(200, 200);
        Check.That(Directory.GetFileSystemEntries(mount).Length == 0, "an empty folder");
    }

    static void Run(string folder)
    {
        image = Path.Combine(folder, "t.wim");
        mount = Path.Combine(folder, "m");
        SizesAreThoseOfThePackedStructures();
        ANameThatTheApiLacksIsNotFound();
        Check.Code(0xC0040001, Dism.DismCloseSession(1), "DismCloseSession");
        Check.Code(0, Dism.DismInitialize(2, Path.Combine(folder, "dism.log"), null), "DismInitialize");
        AnImageIsDescribed();
        AFailureHasAMessage();
        ACancelEventStopsAMount();
        AnEventOfTheRuntimeIsHarmless();
        TheMountIsListed();
        ChangesAreSaved();
        Check.That(Fake.DismFakeLiveAllocations() == 0, "everything given back");
        Check.Code(0, Dism.DismShutdown(), "DismShutdown");
    }

    static int Main(string[] args)
    {
        try {
            Run(args[0]);
        } catch (Exception mistake) {
            Console.Error.WriteLine(mistake);
            return 1;
        }
        Console.WriteLine("done");
        return 0;
    }
}
