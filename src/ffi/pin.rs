//! The library stays loaded: its threads may still run when a host lets it go. On Linux the linker sees to that.

/// Before the first thread is made.
#[cfg(windows)]
pub fn stay_loaded() {
    use std::ffi::c_void;

    #[link(name = "kernel32")]
    extern "system" {
        fn GetModuleHandleExW(flags: u32, address: *const c_void, module: *mut *mut c_void) -> i32;
    }
    const PIN: u32 = 1;
    const FROM_ADDRESS: u32 = 4;
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let mut module = std::ptr::null_mut();
        // SAFETY: the address is within this library, and `module` can be written.
        let done = unsafe { GetModuleHandleExW(PIN | FROM_ADDRESS, stay_loaded as *const c_void, &mut module) };
        if done == 0 {
            crate::log::warn(format_args!("the library could not be pinned: it must not be unloaded"));
        }
    });
}

#[cfg(not(windows))]
pub fn stay_loaded() {}
