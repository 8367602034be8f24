; expect: unknown C9
; an allocation answers null for an impossible size only, and this one cannot be seen
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare ptr @buskin_gc_alloc_actor(i64, i64)

define ptr @counted(i64 %size) #0 {
entry:
  %p = call ptr @buskin_gc_alloc_actor(i64 %size, i64 8)
  store i64 %size, ptr %p
  ret ptr %p
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
