/// Arguments and the nearest doubles to the functions' true values there, found with 200 bits by mpmath.
enum PortableMathValues {
    static let exp: [(x: Double, value: Double)] = [
        (0x1p+0, 0x1.5bf0a8b145769p+1), (-0x1p+0, 0x1.78b56362cef38p-2), (0x1p-1, 0x1.a61298e1e069cp+0), (-0x1p-1, 0x1.368b2fc6f960ap-1),
        (0x1.5798ee2308c3ap-27, 0x1.0000002af31dcp+0), (-0x1.5798ee2308c3ap-27, 0x1.ffffffaa19c48p-1), (0x1.70ef54646d497p-57, 0x1p+0),
        (0x1.62e42fefa39efp-2, 0x1.6a09e667f3bccp+0), (-0x1.62e42fefa39efp-2, 0x1.6a09e667f3bcdp-1),
        (0x1.62e42fefa39f0p-2, 0x1.6a09e667f3bcdp+0), (0x1.4000000000000p+3, 0x1.5829dcf950560p+14),
        (-0x1.4000000000000p+3, 0x1.7cd79b5647c9bp-15), (0x1.259999999999ap+5, 0x1.ed8026b267154p+52),
        (-0x1.2666666666666p+5, 0x1.e0a4a85f0f836p-54), (0x1.9100000000000p+6, 0x1.8c39b9134bac4p+144),
        (-0x1.9100000000000p+6, 0x1.4acd31e167ebbp-145), (0x1.5e40000000000p+9, 0x1.8625c7d4f56c2p+1010),
        (0x1.62e42fefa39efp+9, 0x1.fffffffffff2ap+1023), (-0x1.5e40000000000p+9, 0x1.4ff475c68ca02p-1011),
        (-0x1.6226666666666p+9, 0x1.19e98b83de7a3p-1022), (-0x1.c2fcf590aedecp+3, 0x1.969fcbb7d8ed5p-21),
        (-0x1.bee9be20d407ap+4, 0x1.a09ba6b2cb5ebp-41), (0x1.82646a8f739fcp+3, 0x1.568e2ab110ea4p+17),
        (-0x1.11a409ee4c4d8p+5, 0x1.9265a82f28617p-50), (0x1.6f6e85787c880p+1, 0x1.1a59b7c619c40p+4),
        (-0x1.57d61c858201cp+3, 0x1.69a382c669964p-16),
    ]
    static let log: [(x: Double, value: Double)] = [
        (0x1p+1, 0x1.62e42fefa39efp-1), (0x1p-1, -0x1.62e42fefa39efp-1), (0x1.4000000000000p+3, 0x1.26bb1bbb55516p+1),
        (0x1.5bf0a8b145769p+1, 0x1p+0), (0x1.6a09e667f3bccp-1, -0x1.62e42fefa39f1p-2), (0x1.6a09e667f3bcdp-1, -0x1.62e42fefa39eep-2),
        (0x1.6a09e667f3bcdp+0, 0x1.62e42fefa39f0p-2), (0x1.6a09e667f3bccp+0, 0x1.62e42fefa39eep-2),
        (0x1.0000000000001p+0, 0x1.fffffffffffffp-53), (0x1.fffffffffffffp-1, -0x1p-53), (0x1.004189374bc6ap+0, 0x1.060354f8c3cc4p-10),
        (0x1.ff7ced916872bp-1, -0x1.064670d979b73p-10), (0x1.7e43c8800759cp+996, 0x1.5963447f87fb5p+9),
        (0x1.56e1fc2f8f359p-997, -0x1.5963447f87fb5p+9), (0x1p-1022, -0x1.6232bdd7abcd2p+9),
        (0x1.fffffffffffffp+1023, 0x1.62e42fefa39efp+9), (0x1.999999999999ap-4, -0x1.26bb1bbb55515p+1),
        (0x1.8000000000000p+1, 0x1.193ea7aad030bp+0), (0x1.e240c9fbe76c9p+16, 0x1.77281cad8a844p+3),
        (0x1.64586bbaa7188p-3, -0x1.bfac044e094a9p+0), (0x1.85b5ecb49c6c2p+0, 0x1.ae5001dbc0578p-2),
        (0x1.ccbf248403d38p-4, -0x1.17ab63434e258p+1), (0x1.4d0a35e824ffbp+0, 0x1.0d661af42137cp-2),
        (0x1.ad3114b8d4450p-3, -0x1.900e1b7d8c2e0p+0), (0x1.16ab9dd39a262p-2, -0x1.4d2b5057a2d70p+0),
    ]
    static let log1p: [(x: Double, value: Double)] = [
        (0x1.70ef54646d497p-57, 0x1.70ef54646d497p-57), (-0x1.70ef54646d497p-57, -0x1.70ef54646d497p-57),
        (0x1.12e0be826d695p-30, 0x1.12e0be801f1d9p-30), (-0x1.12e0be826d695p-30, -0x1.12e0be84bbb51p-30), (0x1p-53, 0x1p-53),
        (0x1p-52, 0x1.fffffffffffffp-53), (0x1.4f8b588e368f1p-17, 0x1.4f8aea9ae7317p-17),
        (-0x1.4f8b588e368f1p-17, -0x1.4f8bc681e6006p-17), (0x1p-2, 0x1.c8ff7c79a9a22p-3), (-0x1p-2, -0x1.269621134db92p-2),
        (-0x1p-1, -0x1.62e42fefa39efp-1), (-0x1.ff7ced916872bp-1, -0x1.ba18a998fff9fp+2), (-0x1.fffffffffffffp-1, -0x1.25e4f7b2737fap+5),
        (0x1p+0, 0x1.62e42fefa39efp-1), (0x1.8000000000000p+0, 0x1.d5240f0e0e078p-1), (0x1.2a05f20000000p+33, 0x1.7069e2aa3184ep+4),
        (0x1.1c37937e08000p+53, 0x1.26bb1bbb55516p+5), (0x1.7e43c8800759cp+996, 0x1.5963447f87fb5p+9),
        (0x1.181f7996b2cc4p-2, 0x1.ef3c4b0207655p-3), (0x1.7b05be1648970p+0, 0x1.d124aaffcc69ap-1),
        (-0x1.41d7168a16f3dp-1, -0x1.fb1d8ba2ca8f7p-1), (-0x1.5235bc0dd6f38p-2, -0x1.9a85952999c66p-2),
        (0x1.c3bcc82fef768p-1, 0x1.43d6498598bc0p-1), (0x1.d7d728e5f0524p+0, 0x1.0b7edb8628776p+0),
    ]
    static let log2: [(x: Double, value: Double)] = [
        (0x1.8000000000000p+1, 0x1.95c01a39fbd68p+0), (0x1.999999999999ap-4, -0x1.a934f0979a371p+1),
        (0x1.4000000000000p+3, 0x1.a934f0979a371p+1), (0x1.6a09e667f3bccp-1, -0x1.0000000000001p-1),
        (0x1.6a09e667f3bcdp+0, 0x1.0000000000001p-1), (0x1.004189374bc6ap+0, 0x1.7a013faca698fp-10),
        (0x1.ff7ced916872bp-1, -0x1.7a6210ffb7151p-10), (0x1.7e43c8800759cp+996, 0x1.f24a09f1a8b89p+9),
        (0x1.56e1fc2f8f359p-997, -0x1.f24a09f1a8b89p+9), (0x1.bb370e7836440p+0, 0x1.956f14d04914bp-1),
        (0x1.30a68e04c2b4fp+0, 0x1.01093c464c747p-2), (0x1.76e1c82a9ca74p+1, 0x1.8cdff9b6c9cbep+0),
        (0x1.1e3438ab84c50p-3, -0x1.6b67a1325aedep+1), (0x1.49a6e2266473cp+1, 0x1.5d63809898b11p+0),
        (0x1.bcd701507985bp-1, -0x1.9f73dfc0f0c33p-3),
    ]
}
