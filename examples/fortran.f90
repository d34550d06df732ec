! SPDX-License-Identifier: BSD-2-Clause
! An array on far memory, through ISO_C_BINDING:
!     gfortran fortran.f90 $(pkg-config --libs memkind)
module memkind
    use, intrinsic :: iso_c_binding
    implicit none
    ! Numbers of kinds, as in memkind_deprecated.h: Fortran can't name C's variables.
    integer(c_int), parameter :: REGULAR = 11, DAX_KMEM = 14
    interface
        integer(c_int) function get_kind(number, kind) bind(c, name="memkind_get_kind_by_partition")
            import :: c_int, c_ptr
            integer(c_int), value :: number
            type(c_ptr) :: kind
        end function
        integer(c_int) function check_available(kind) bind(c, name="memkind_check_available")
            import :: c_int, c_ptr
            type(c_ptr), value :: kind
        end function
        type(c_ptr) function memkind_malloc(kind, bytes) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: kind
            integer(c_size_t), value :: bytes
        end function
        type(c_ptr) function memkind_detect_kind(block) bind(c)
            import :: c_ptr
            type(c_ptr), value :: block
        end function
        subroutine memkind_free(kind, block) bind(c)
            import :: c_ptr
            type(c_ptr), value :: kind, block
        end subroutine
    end interface
end module

program example
    use memkind
    implicit none
    integer(c_size_t), parameter :: n = 1000
    type(c_ptr) :: kind, block
    real(c_double), pointer :: matrix(:, :)
    character(8) :: place = "far"

    if (get_kind(DAX_KMEM, kind) /= 0) error stop "no such kind"
    if (check_available(kind) /= 0) then
        place = "ordinary"
        if (get_kind(REGULAR, kind) /= 0) error stop "no such kind"
    end if
    block = memkind_malloc(kind, n * n * c_sizeof(0.0_c_double))
    if (.not. c_associated(block)) error stop "no memory"
    call c_f_pointer(block, matrix, [n, n])
    matrix = 0.5
    print "(a, i0, 2a)", "a matrix of ", n, " rows in ", trim(place) // " memory"
    if (abs(sum(matrix) - 0.5 * n * n) > 0) error stop "wrong sum"
    if (.not. c_associated(memkind_detect_kind(block), kind)) error stop "wrong kind"
    call memkind_free(c_null_ptr, block)
end program
