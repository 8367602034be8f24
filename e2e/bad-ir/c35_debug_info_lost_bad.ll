; expect: C35
; LLVM drops all debug info of such a module and goes on
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

define internal void @g() !dbg !6 {
  ret void, !dbg !7
}

define void @f() #0 !dbg !3 {
  call void @g()
  ret void, !dbg !5
}

!llvm.module.flags = !{!0}
!llvm.dbg.cu = !{!1}
!0 = !{i32 2, !"Debug Info Version", i32 3}
!1 = distinct !DICompileUnit(language: DW_LANG_C11, file: !2, emissionKind: LineTablesOnly)
!2 = !DIFile(filename: "f.skit", directory: "/")
!3 = distinct !DISubprogram(name: "f", scope: !2, file: !2, line: 1, type: !4, spFlags: DISPFlagDefinition, unit: !1)
!4 = !DISubroutineType(types: !8)
!5 = !DILocation(line: 2, column: 3, scope: !3)
!6 = distinct !DISubprogram(name: "g", scope: !2, file: !2, line: 5, type: !4, spFlags: DISPFlagDefinition, unit: !1)
!7 = !DILocation(line: 6, column: 3, scope: !6)
!8 = !{}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
