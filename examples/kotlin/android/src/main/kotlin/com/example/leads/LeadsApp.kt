package com.example.leads

import android.app.Application
import android.content.pm.PackageManager
import android.net.ConnectivityManager
import android.net.Network
import io.truestate.liveflow.CheckpointStore
import io.truestate.liveflow.Client
import io.truestate.liveflow.ClientConfig
import io.truestate.liveflow.CredentialsProvider
import java.io.File

/** One client for the whole process: sessions outlive the screens that show them. */
class LeadsApp : Application() {
    /** Checkpoints hold answers: app-private, and in no backup. */
    val checkpoints: CheckpointStore by lazy {
        FileCheckpointStore(File(noBackupFilesDir, "live-flow"))
    }

    /** Made when the first screen needs it. */
    val client: Client by lazy { connect() }

    private fun connect(): Client {
        val login = Login(this)
        val config =
            // No API key: it could do anything in the organisation, and an app keeps no secrets.
            ClientConfig().apply {
                baseUrl = metaData("com.example.leads.PROXY")
                credentials =
                    CredentialsProvider { request ->
                        val token = login.token(isRefused = request.refused)
                        mapOf("Authorization" to "Bearer $token")
                    }
                checkpointStore = checkpoints
            }
        val client = Client(config)
        registerActivityLifecycleCallbacks(Foreground(client::suspend, client::resume))
        getSystemService(ConnectivityManager::class.java).registerDefaultNetworkCallback(
            object : ConnectivityManager.NetworkCallback() {
                // Connections of the network before are dead, and would take their time to say so.
                override fun onAvailable(network: Network) = client.networkChanged()
            },
        )
        return client
    }

    private fun metaData(name: String): String? = packageManager
        .getApplicationInfo(packageName, PackageManager.GET_META_DATA)
        .metaData
        ?.getString(name)
}
