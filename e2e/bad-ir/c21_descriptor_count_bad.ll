; expect: C21
; two pointers are said, one offset is there
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@node = internal constant { i32, i16, i16, i32, i16, i16, ptr, [1 x i32] } { i32 16, i16 0, i16 2, i32 0, i16 0, i16 0, ptr null, [1 x i32] [i32 8] }, align 8
declare ptr @buskin_alloc(ptr)

define ptr @make() #0 {
  %object = call ptr @buskin_alloc(ptr @node)
  ret ptr %object
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
