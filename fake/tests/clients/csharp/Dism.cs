// SPDX-License-Identifier: MIT
// Dism.cs - the DISM API as a .NET program declares it for itself: nothing here comes from our headers.
// The same declarations serve DismApi.dll on Windows; only class Fake knows that it is not Microsoft's.
using System;
using System.Runtime.InteropServices;
using System.Text;

[UnmanagedFunctionPointer(CallingConvention.Winapi)]
delegate void DismProgress(uint current, uint total, IntPtr userData);

[StructLayout(LayoutKind.Sequential)]
struct SystemTime
{
    public ushort Year, Month, DayOfWeek, Day, Hour, Minute, Second, Milliseconds;
}

[StructLayout(LayoutKind.Sequential, Pack = 1, CharSet = CharSet.Unicode)]
struct DismImageInfo
{
    public int ImageType;
    public uint ImageIndex;
    public string ImageName;
    public string ImageDescription;
    public ulong ImageSize;
    public uint Architecture;
    public string ProductName;
    public string EditionId;
    public string InstallationType;
    public string Hal;
    public string ProductType;
    public string ProductSuite;
    public uint MajorVersion;
    public uint MinorVersion;
    public uint Build;
    public uint SpBuild;
    public uint SpLevel;
    public int Bootable;
    public string SystemRoot;
    public IntPtr Language;
    public uint LanguageCount;
    public uint DefaultLanguageIndex;
    public IntPtr CustomizedInfo;
}

[StructLayout(LayoutKind.Sequential, Pack = 1)]
struct DismWimCustomizedInfo
{
    public uint Size;
    public uint DirectoryCount;
    public uint FileCount;
    public SystemTime CreatedTime;
    public SystemTime ModifiedTime;
}

[StructLayout(LayoutKind.Sequential, Pack = 1, CharSet = CharSet.Unicode)]
struct DismMountedImageInfo
{
    public string MountPath;
    public string ImageFilePath;
    public uint ImageIndex;
    public int MountMode;
    public int MountStatus;
}

[StructLayout(LayoutKind.Sequential, Pack = 1, CharSet = CharSet.Unicode)]
struct DismString
{
    public string Value;
}

static class Dism
{
    const string Library = "DismApi";

    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int DismInitialize(int logLevel, string logFilePath, string scratchDirectory);
    [DllImport(Library)]
    public static extern int DismShutdown();
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int DismMountImage(string imageFilePath, string mountPath, uint imageIndex, string imageName,
        int imageIdentifier, uint flags, IntPtr cancelEvent, DismProgress progress, IntPtr userData);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int DismUnmountImage(string mountPath, uint flags, IntPtr cancelEvent, DismProgress progress,
        IntPtr userData);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int DismOpenSession(string imagePath, string windowsDirectory, string systemDrive,
        out uint session);
    [DllImport(Library)]
    public static extern int DismCloseSession(uint session);
    [DllImport(Library)]
    public static extern int DismCommitImage(uint session, uint flags, IntPtr cancelEvent, DismProgress progress,
        IntPtr userData);
    [DllImport(Library, CharSet = CharSet.Unicode)]
    public static extern int DismGetImageInfo(string imageFilePath, out IntPtr imageInfo, out uint count);
    [DllImport(Library)]
    public static extern int DismGetMountedImageInfo(out IntPtr mountedImageInfo, out uint count);
    [DllImport(Library)]
    public static extern int DismGetLastErrorMessage(out IntPtr errorMessage);
    [DllImport(Library)]
    public static extern int DismDelete(IntPtr dismStructure);
    [DllImport(Library)]
    public static extern int DismNoSuchCall();

    // The structures of one answer, whose block is given back.
    public static T[] Take<T>(IntPtr block, uint count)
    {
        var all = new T[count];
        for (int i = 0; i < count; i++)
            all[i] = (T)Marshal.PtrToStructure(IntPtr.Add(block, i * Marshal.SizeOf(typeof(T))), typeof(T));
        Check.Code(0, DismDelete(block), "DismDelete");
        return all;
    }

    public static string LastMessage()
    {
        IntPtr block;
        return DismGetLastErrorMessage(out block) == 0 ? Take<DismString>(block, 1)[0].Value : null;
    }
}

// dismfake.h: texts are UTF-8.
static class Fake
{
    const string Library = "DismApi";

    [DllImport(Library)]
    public static extern IntPtr DismFakeCreateEvent(int manualReset, int initialState);
    [DllImport(Library)]
    public static extern int DismFakeSetEvent(IntPtr handle);
    [DllImport(Library)]
    public static extern int DismFakeCloseEvent(IntPtr handle);
    [DllImport(Library)]
    static extern int DismFakeLoadFaults(byte[] json);
    [DllImport(Library)]
    static extern int DismFakeDisarm(byte[] id);
    [DllImport(Library)]
    static extern int DismFakeRelease(byte[] hold);
    [DllImport(Library)]
    static extern int DismFakeAwait(byte[] what, uint timeoutMs);
    [DllImport(Library)]
    public static extern ulong DismFakeThreadId();
    [DllImport(Library)]
    public static extern ulong DismFakeLiveAllocations();
    [DllImport(Library)]
    static extern int DismFakeStatus(out IntPtr json);
    [DllImport(Library)]
    static extern void DismFakeFree(IntPtr text);

    static byte[] Utf8(string text)
    {
        return text == null ? null : Encoding.UTF8.GetBytes(text + "\0");
    }

    public static int Load(string json) { return DismFakeLoadFaults(Utf8(json)); }
    public static int Disarm(string id) { return DismFakeDisarm(Utf8(id)); }
    public static int Release(string hold) { return DismFakeRelease(Utf8(hold)); }
    public static int Await(string what) { return DismFakeAwait(Utf8(what), 60000); }

    public static string Status()
    {
        IntPtr text;
        Check.Code(0, DismFakeStatus(out text), "DismFakeStatus");
        int length = 0;
        while (Marshal.ReadByte(text, length) != 0)
            length++;
        var bytes = new byte[length];
        Marshal.Copy(text, bytes, 0, length);
        DismFakeFree(text);
        return Encoding.UTF8.GetString(bytes);
    }
}

static class Check
{
    public static void That(bool claim, string what)
    {
        if (!claim)
            throw new Exception("not so: " + what);
    }

    public static void Code(int expected, int got, string call)
    {
        if (got != expected)
            throw new Exception(string.Format("{0} gave 0x{1:X8} ({2}), wanted 0x{3:X8}", call, got,
                call == "DismDelete" ? "" : Dism.LastMessage(), expected));
    }

    public static void Code(uint expected, int got, string call) { Code(unchecked((int)expected), got, call); }
}
