import copy

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(11)


class MoCo(nn.Module):
    def __init__(self, encoder, dim, K=512, m=0.99, T=0.2):
        super().__init__()
        assert K > 0
        self.K, self.m, self.T = K, m, T
        self.q = encoder
        self.k = copy.deepcopy(encoder)
        for p in self.k.parameters():
            p.requires_grad_(False)
        self.register_buffer("queue", F.normalize(torch.randn(K, dim), dim=1))
        self.register_buffer("ptr", torch.zeros(1, dtype=torch.long))

    @torch.no_grad()
    def _momentum(self):
        for a, b in zip(self.q.parameters(), self.k.parameters()):
            b.data = b.data * self.m + a.data * (1.0 - self.m)

    @torch.no_grad()
    def _enqueue(self, keys):
        n, p = keys.shape[0], int(self.ptr)
        assert self.K % n == 0
        self.queue[p:p + n] = keys
        self.ptr[0] = (p + n) % self.K

    def forward(self, xq, xk):
        q = F.normalize(self.q(xq), dim=1)
        with torch.no_grad():
            self._momentum()
            k = F.normalize(self.k(xk), dim=1)
        pos = (q * k).sum(1, keepdim=True)
        neg = q @ self.queue.clone().detach().t()
        logits = torch.cat([pos, neg], 1) / self.T
        labels = logits.new_zeros(len(q), dtype=torch.long)  # the positive is column 0
        self._enqueue(k)
        return logits, labels


def two_crops(x, width=48):
    out = []
    for _ in range(2):
        s = torch.randint(0, x.size(-1) - width + 1, (len(x), 1))
        out.append(x.gather(1, s + torch.arange(width)) + 0.05 * torch.randn(len(x), width))
    return out


def waves(n):
    t = torch.arange(64) / 64
    c = torch.randint(4, (n,))
    f = 2.0 + 2.5 * c.unsqueeze(1)
    return torch.sin(6.2832 * (f * t + torch.rand(n, 1))), c


def encoder():
    return nn.Sequential(nn.Unflatten(1, (1, -1)), nn.Conv1d(1, 16, 7, 2), nn.ReLU(), nn.Conv1d(16, 32, 5, 2), nn.ReLU(),
                         nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 16))


data, labels_true = waves(1024)
model = MoCo(encoder(), 16)
opt = torch.optim.SGD((p for p in model.parameters() if p.requires_grad), lr=0.06, momentum=0.9, weight_decay=1e-4)
for ep in range(10):
    model.train()
    loss_sum = hit = n = 0
    for idx in torch.randperm(len(data)).split(64):
        logits, target = model(*two_crops(data[idx]))
        loss = F.cross_entropy(logits, target)
        opt.zero_grad()
        loss.backward()
        opt.step()
        loss_sum += loss.item() * len(idx)
        hit += (logits.argmax(1) == target).sum().item()
        n += len(idx)
    print(f"epoch {ep} contrastive loss {loss_sum / n:.3f} instance acc {hit / n:.3f}")

model.eval()
fresh, fresh_y = waves(256)
with torch.no_grad():
    bank = F.normalize(model.q(data[:, 8:56]), dim=1)
    test = F.normalize(model.q(fresh[:, 8:56]), dim=1)
print("1-NN class accuracy", (labels_true[(test @ bank.T).argmax(1)] == fresh_y).float().mean().item())
