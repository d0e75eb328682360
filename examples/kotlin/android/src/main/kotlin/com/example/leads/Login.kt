package com.example.leads

import android.content.Context

/** The end user's own login, with which your proxy knows who asks. */
class Login(
    context: Context,
) {
    private val kept = context.getSharedPreferences("login", Context.MODE_PRIVATE)

    /** The token that the sign-in screen has put here; one that was refused is forgotten. */
    fun token(isRefused: Boolean): String {
        if (isRefused) kept.edit().remove(TOKEN).apply()
        return checkNotNull(kept.getString(TOKEN, null)) { "nobody is signed in" }
    }

    private companion object {
        const val TOKEN = "token"
    }
}
