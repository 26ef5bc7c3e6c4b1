"""MoCo in miniature: momentum encoder, queue of negatives, InfoNCE, k-NN evaluation."""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


class MoCo(nn.Module):
    def __init__(self, dim_in, dim=16, queue_size=512, momentum=0.98, tau=0.2):
        super().__init__()
        self.momentum, self.tau = momentum, tau
        self.encoder_q = nn.Sequential(nn.Linear(dim_in, 64), nn.ReLU(), nn.Linear(64, dim))
        self.encoder_k = copy.deepcopy(self.encoder_q)
        self.encoder_k.requires_grad_(False)
        self.register_buffer("queue", F.normalize(torch.randn(queue_size, dim), dim=1))
        self.register_buffer("ptr", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def momentum_update(self):
        for pq, pk in zip(self.encoder_q.parameters(), self.encoder_k.parameters()):
            pk.lerp_(pq, 1.0 - self.momentum)

    @torch.no_grad()
    def enqueue(self, keys):
        slots = (self.ptr + torch.arange(keys.size(0))) % self.queue.size(0)
        self.queue[slots] = keys
        self.ptr.copy_((self.ptr + keys.size(0)) % self.queue.size(0))

    def forward(self, view_q, view_k):
        q = F.normalize(self.encoder_q(view_q), dim=1)
        with torch.no_grad():
            k = F.normalize(self.encoder_k(view_k), dim=1)
        positive = (q * k).sum(1, keepdim=True)
        negative = q @ self.queue.clone().T
        logits = torch.cat([positive, negative], dim=1) / self.tau
        target = torch.zeros(q.size(0), dtype=torch.long)
        return F.cross_entropy(logits, target), k


def augment(x):
    keep = (torch.rand_like(x) > 0.2).float()
    return x * keep + 0.2 * torch.randn_like(x)


@torch.no_grad()
def knn_accuracy(model, bank_x, bank_y, test_x, test_y, k=5):
    bank = F.normalize(model.encoder_q(bank_x), dim=1)
    test = F.normalize(model.encoder_q(test_x), dim=1)
    votes = bank_y[(test @ bank.T).topk(k, dim=1).indices]
    return (votes.mode(dim=1).values == test_y).float().mean().item()


torch.manual_seed(5)
centres = torch.randn(10, 32)
labels = torch.randint(0, 10, (1500,))
inputs = centres[labels] + 0.9 * torch.randn(1500, 32)
train_x, test_x = inputs[:1000], inputs[1000:]
train_y, test_y = labels[:1000], labels[1000:]

model = MoCo(32)
params = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.SGD(params, lr=0.1, momentum=0.9, weight_decay=1e-4)
print("k-NN before", round(knn_accuracy(model, train_x, train_y, test_x, test_y), 3))

for epoch in range(12):
    running, seen = 0.0, 0
    for idx in torch.randperm(len(train_x)).split(100):
        batch = train_x[idx]
        loss, keys = model(augment(batch), augment(batch))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.momentum_update()
        model.enqueue(keys)
        running += loss.item() * len(idx)
        seen += len(idx)
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1:2d} InfoNCE {running / seen:.3f}")

print("k-NN after", round(knn_accuracy(model, train_x, train_y, test_x, test_y), 3))
