// Programs for a processor, told by their first bytes.  Whether they belong where they are is for
// `moderation.scanning` to say: it knows the kind of the archive and the member's name.

rule windows_program {
  meta:
    policy = "embedded-executables"
    severity = "medium"
    sentence = "It is a program for Windows."
  condition:
    // Where its second header begins is for whoever made it to say; a text has letters there.
    uint16(0) == 0x5A4D and uint32(0x3C) < 0x10000000 and
    (uint32(uint32(0x3C)) == 0x00004550 or filesize <= uint32(0x3C))
}

rule elf_program {
  meta:
    policy = "embedded-executables"
    severity = "medium"
    sentence = "It is a program or library for Linux or another Unix."
  condition:
    uint32be(0) == 0x7F454C46 and (uint8(4) == 1 or uint8(4) == 2)
}

rule mach_o_program {
  meta:
    policy = "embedded-executables"
    severity = "medium"
    sentence = "It is a program or library for macOS."
  condition:
    uint32be(0) == 0xFEEDFACE or uint32be(0) == 0xFEEDFACF or
    uint32be(0) == 0xCEFAEDFE or uint32be(0) == 0xCFFAEDFE or
    (uint32be(0) == 0xCAFEBABE and uint32be(4) < 20)
}
