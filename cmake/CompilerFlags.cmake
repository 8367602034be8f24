# The flags of every C file here. Frame pointers and the absent red zone are what the context switch and the
# stack walk rely on, so they hold for tests and tools as well as for the runtime.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF) # each target says which it is
set(CMAKE_C_FLAGS_RELEASE "-O2 -g -DNDEBUG")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")

add_compile_definitions(_GNU_SOURCE=) # as `#define _GNU_SOURCE` has it
add_compile_options(
  $<$<COMPILE_LANGUAGE:C>:-Wall> $<$<COMPILE_LANGUAGE:C>:-Wextra> $<$<COMPILE_LANGUAGE:C>:-Wpedantic>
  $<$<COMPILE_LANGUAGE:C>:-Wshadow> $<$<COMPILE_LANGUAGE:C>:-Wno-overlength-strings> $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
  -fno-omit-frame-pointer -ffunction-sections -fdata-sections)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  add_compile_options(-mno-red-zone)
endif()

if(BUSKIN_SANITIZE)
  add_compile_options(-fsanitize=${BUSKIN_SANITIZE} $<$<COMPILE_LANGUAGE:ASM>:-DBUSKIN_SANITIZE>)
  if(BUSKIN_SANITIZE STREQUAL "address") # fake stacks belong to threads, and actors move between them
    add_compile_options($<$<COMPILE_LANGUAGE:C>:-fsanitize-address-use-after-return=never>)
  endif()
  add_link_options(-fsanitize=${BUSKIN_SANITIZE})
  if(BUSKIN_SANITIZE STREQUAL "address")
    # ld -r, by which the archives are localised, spoils the tables of globals in which the linker may drop entries.
    add_compile_options(-fno-sanitize-address-globals-dead-stripping)
  endif()
endif()

# tools/fuzz: coverage for libFuzzer, and undefined behaviour is an error.
option(BUSKIN_FUZZ "instrument for libFuzzer; the programs of tests/fuzz are fuzzers" OFF)
if(BUSKIN_FUZZ)
  set(fuzz_flags -fsanitize=fuzzer-no-link,undefined -fno-sanitize-recover=undefined)
  add_compile_options("$<$<COMPILE_LANGUAGE:C>:${fuzz_flags}>")
  add_link_options(${fuzz_flags})
endif()

# tools/coverage: which lines and branches a run passes. Counters are written at exit, and with their file mapped in
# (%c of LLVM_PROFILE_FILE, which needs the relocation) also by processes that are killed.
option(BUSKIN_COVERAGE "count lines and branches; clang only" OFF)
if(BUSKIN_COVERAGE)
  set(coverage_flags -fprofile-instr-generate -fcoverage-mapping -mllvm -runtime-counter-relocation)
  add_compile_options("$<$<COMPILE_LANGUAGE:C>:${coverage_flags}>")
  add_link_options(-fprofile-instr-generate)
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
