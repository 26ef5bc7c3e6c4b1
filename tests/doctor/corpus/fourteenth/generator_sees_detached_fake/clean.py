import torch
import torch.nn as nn

# GAN 입문: 1차원 정규분포 N(4, 1.25) 를 흉내내는 생성자
torch.manual_seed(100)
latent_dim = 4
batch_size = 64
n_steps = 400

G = nn.Sequential(nn.Linear(latent_dim, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
D = nn.Sequential(nn.Linear(1, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
opt_G = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.5, 0.999))
opt_D = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()

real_label = torch.ones(batch_size, 1)
fake_label = torch.zeros(batch_size, 1)

for step in range(1, n_steps + 1):
    real = 4 + 1.25 * torch.randn(batch_size, 1)
    fake = G(torch.randn(batch_size, latent_dim))

    # 1) 판별자 학습
    d_loss = bce(D(real), real_label) + bce(D(fake.detach()), fake_label)
    opt_D.zero_grad()
    d_loss.backward()
    opt_D.step()

    # 2) 생성자 학습
    g_loss = bce(D(fake), real_label)
    opt_G.zero_grad()
    g_loss.backward()
    opt_G.step()

    if step % 100 == 0:
        with torch.no_grad():
            sample = G(torch.randn(1000, latent_dim))
        print(f"step {step} | D {d_loss.item():.3f} G {g_loss.item():.3f} "
              f"| 생성 평균 {sample.mean().item():.2f} 표준편차 {sample.std().item():.2f}")
