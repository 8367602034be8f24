/* switch.S - the context switch for x86-64 System V. See port/switch.h for what it promises.
 *
 * Register use in slow_common: r10 is the handler. rbp holds the actor's sp while the handler runs, so that the
 * CFI (CFA = rbp + 64) leads a debugger from the thread's stack into the actor's. The thread's stack pointer and the
 * context are thread-local; both are read here, at the moment of use, and never kept.
 */
#define ACTOR_SP 96

        .text
        .macro LOAD_TLS symbol, to
        movq    \symbol@gottpoff(%rip), \to
        movq    %fs:(\to), \to
        .endm

#ifdef BUSKIN_SANITIZE
        .macro FIBRE_TO_WORKER                  /* keeps the six argument registers and r10 */
        pushq %rdi; pushq %rsi; pushq %rdx; pushq %rcx; pushq %r8; pushq %r9; pushq %r10; subq $8, %rsp
        call    fibre_to_worker
        addq $8, %rsp; popq %r10; popq %r9; popq %r8; popq %rcx; popq %rdx; popq %rsi; popq %rdi
        .endm
        .macro FIBRE_TO_ACTOR                   /* keeps rax */
        pushq   %rax
        subq    $8, %rsp
        movq    %rax, %rdi
        call    fibre_to_actor
        addq    $8, %rsp
        popq    %rax
        .endm
#else
        .macro FIBRE_TO_WORKER
        .endm
        .macro FIBRE_TO_ACTOR
        .endm
#endif

/* void switch_enter(actor *(*first)(void *), void *worker) */
        .globl  switch_enter
        .type   switch_enter, @function
        .p2align 4
switch_enter:
        .cfi_startproc
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        subq    $8, %rsp
        movq    switch_thread_sp@gottpoff(%rip), %rax
        movq    %rsp, %fs:(%rax)
        movq    %rdi, %rax
        movq    %rsi, %rdi
        call    *%rax
        .cfi_endproc
        /* falls into resume */

/* rax: the actor to resume, or NULL */
        .type   switch_resume, @function
switch_resume:
        .cfi_startproc
        testq   %rax, %rax
        je      switch_leave
        FIBRE_TO_ACTOR
        movq    buskin_tls_context@gottpoff(%rip), %rcx
        movq    %rax, %fs:(%rcx)
        movq    ACTOR_SP(%rax), %rsp
        .cfi_def_cfa %rsp, 64
        .cfi_offset %rip, -8
        popq    %rax
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        .cfi_def_cfa_offset 8
        popq    %rcx
        jmp     *%rcx
switch_leave:
        LOAD_TLS switch_thread_sp, %rsp
        addq    $8, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .cfi_endproc
        .size   switch_enter, .-switch_enter

        .type   slow_common, @function
        .p2align 4
slow_common:
        .cfi_startproc
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r15, 0
        pushq   %rax
        .cfi_adjust_cfa_offset 8
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        movq    %r8, %r9
        movq    %rcx, %r8
        movq    %rdx, %rcx
        movq    %rsi, %rdx
        movq    %rdi, %rsi
        LOAD_TLS buskin_tls_context, %rdi
        movq    %rsp, ACTOR_SP(%rdi)
        LOAD_TLS switch_thread_sp, %rsp
        FIBRE_TO_WORKER
        call    *%r10
        jmp     switch_resume
        .cfi_endproc
        .size   slow_common, .-slow_common

/* The place that first frames return to: rbx entry, r12 and r13 its arguments. */
        .globl  switch_actor_start
        .type   switch_actor_start, @function
        .p2align 4
        .cfi_startproc
        .cfi_undefined %rip
        nop
switch_actor_start:
        movq    %r12, %rdi
        movq    %r13, %rsi
        call    *%rbx
        .globl  switch_actor_return
switch_actor_return:
        leaq    handle_return(%rip), %r10
        call    slow_common
        ud2
        .cfi_endproc
        .size   switch_actor_start, .-switch_actor_start

/* From a fault: the actor's frames stay as they are, rdi.. are whatever they were. */
        .globl  switch_abandon
        .type   switch_abandon, @function
        .p2align 4
switch_abandon:
        .cfi_startproc
        .cfi_undefined %rip
        LOAD_TLS buskin_tls_context, %rdi
        LOAD_TLS switch_thread_sp, %rsp
        FIBRE_TO_WORKER
        xorl    %ebp, %ebp
        call    handle_fault
        jmp     switch_resume
        .cfi_endproc
        .size   switch_abandon, .-switch_abandon

        .macro SLOW name
        .globl  slow_\name
        .hidden slow_\name
        .type   slow_\name, @function
        .p2align 4
slow_\name:
        leaq    handle_\name(%rip), %r10
        jmp     slow_common
        .size   slow_\name, .-slow_\name
        .endm

        SLOW    reduction
        SLOW    yield
        SLOW    receive
        SLOW    peek
        SLOW    take
        SLOW    take_bounded
        SLOW    post
        SLOW    sleep
        SLOW    send
        SLOW    spawn
        SLOW    alloc
        SLOW    end
        SLOW    overflow
        SLOW    panic
        SLOW    foreign
        SLOW    blocking
        SLOW    run
        SLOW    ask
        SLOW    attempt
        SLOW    gc

/* slow_call has a sixth argument: where its status goes, in the frame's result word. */
        .globl  slow_call
        .hidden slow_call
        .type   slow_call, @function
        .p2align 4
slow_call:
        movq    %r9, %rax
        leaq    handle_call(%rip), %r10
        jmp     slow_common
        .size   slow_call, .-slow_call

        .section .note.GNU-stack, "", @progbits
