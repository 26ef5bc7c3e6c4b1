import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(6)
dim, K, m, temp = 8, 128, 0.95, 0.2


def encoder():
    return nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, dim))


q_enc, k_enc = encoder(), encoder()
k_enc.load_state_dict(q_enc.state_dict())
k_enc.requires_grad_(False)
queue = F.normalize(torch.randn(K, dim), dim=1)
ptr = 0
opt = torch.optim.SGD(q_enc.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
x = torch.randn(512, 10)
for step in range(40):
    i = torch.randint(0, 512, (32,))
    q = F.normalize(q_enc(x[i] + 0.1 * torch.randn(32, 10)), dim=1)
    with torch.no_grad():
        for pq, pk in zip(q_enc.parameters(), k_enc.parameters()):
            pk.mul_(m).add_(pq, alpha=1 - m)
        k = F.normalize(k_enc(x[i] + 0.1 * torch.randn(32, 10)), dim=1)
    pos = (q * k).sum(1, keepdim=True)
    neg = q @ queue.T
    logits = torch.cat([pos, neg], 1) / temp
    loss = F.cross_entropy(logits, torch.zeros(32, dtype=torch.long))
    opt.zero_grad()
    loss.backward()
    opt.step()
    queue[ptr:ptr + 32] = k
    ptr = (ptr + 32) % K
print("info nce", loss.item())
