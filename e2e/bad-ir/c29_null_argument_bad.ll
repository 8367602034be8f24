; expect: C29
; nothing to release
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare void @buskin_message_release(ptr)

define void @f(ptr %m) #0 {
  call void @buskin_message_release(ptr null)
  ret void
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
