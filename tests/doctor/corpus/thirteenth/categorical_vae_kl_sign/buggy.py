import math

import torch
import torch.nn as nn
import torch.nn.functional as F

latent_dim, categorical_dim = 6, 4
batch_size, epochs, seed = 64, 5, 1
temp_min, ANNEAL_RATE = 0.5, 3e-3

torch.manual_seed(seed)
protos = (torch.rand(8, 36) > 0.5).float()
data = protos[torch.randint(0, 8, (1024,))]
flip = (torch.rand_like(data) < 0.05).float()
data = (data - flip).abs()
train_x, test_x = data[:896], data[896:]


class VAE_gumbel(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(36, 64)
        self.fc2 = nn.Linear(64, latent_dim * categorical_dim)
        self.fc3 = nn.Linear(latent_dim * categorical_dim, 64)
        self.fc4 = nn.Linear(64, 36)

    def forward(self, x, temp):
        q = self.fc2(F.relu(self.fc1(x))).view(-1, latent_dim, categorical_dim)
        z = F.gumbel_softmax(q, tau=temp, dim=-1)
        h = F.relu(self.fc3(z.flatten(1)))
        return self.fc4(h), q


def loss_function(recon_logits, x, q):
    BCE = F.binary_cross_entropy_with_logits(recon_logits, x, reduction="sum") / x.size(0)
    log_qy = F.log_softmax(q, dim=-1)
    qy = log_qy.exp()
    log_g = math.log(1.0 / categorical_dim)
    KLD = -torch.sum(qy * (log_qy - log_g), dim=(-1, -2)).mean()
    return BCE + KLD, BCE, KLD


model = VAE_gumbel()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
temp, step = 1.0, 0
for epoch in range(epochs):
    model.train()
    for idx in torch.randperm(len(train_x)).split(batch_size):
        optimizer.zero_grad()
        recon, q = model(train_x[idx], temp)
        loss, bce, kld = loss_function(recon, train_x[idx], q)
        loss.backward()
        optimizer.step()
        step += 1
        temp = max(math.exp(-ANNEAL_RATE * step), temp_min)
    model.eval()
    with torch.no_grad():
        recon, q = model(test_x, temp)
        t_loss, t_bce, t_kld = loss_function(recon, test_x, q)
    print("epoch %d test loss %.3f (bce %.3f, kl %.3f)" % (epoch, t_loss, t_bce, t_kld))
