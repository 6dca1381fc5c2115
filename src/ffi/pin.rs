//! Keeps the library loaded, because its threads may still run when a host unloads it. On Linux a linker flag does
//! so.

/// To be called before the first thread is started.
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
            crate::log::warn(format_args!("the library could not be pinned in memory: the host must not unload it"));
        }
    });
}

#[cfg(not(windows))]
pub fn stay_loaded() {}
