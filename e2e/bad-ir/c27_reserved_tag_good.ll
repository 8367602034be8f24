; expect: clean
; a hash of a type
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i32 @buskin_send_word(i64, i64, i64)

define void @tell(i64 %to, i64 %x) #0 {
  %status = call i32 @buskin_send_word(i64 %to, i64 6226541926572630628, i64 %x)
  ret void
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
