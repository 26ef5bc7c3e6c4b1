import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
X, t = load_digits(return_X_y=True)
low = t < 5
Xa, ta = torch.tensor(X[low], dtype=torch.float32) / 16, torch.tensor(t[low])
Xb, tb = torch.tensor(X[~low], dtype=torch.float32) / 16, torch.tensor(t[~low] - 5)
tra, tea = train_test_split(range(len(Xa)), test_size=0.3, random_state=0, stratify=ta.numpy())
tr, te = train_test_split(range(len(Xb)), test_size=0.5, random_state=0, stratify=tb.numpy())

encoder = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
head_a, head_b = nn.Linear(32, 5), nn.Linear(32, 5)


def train(head, X, t, params, epochs, lr):
    opt = torch.optim.SGD(params, lr=lr, momentum=0.9)
    for _ in range(epochs):
        for idx in torch.randperm(len(X)).split(32):
            opt.zero_grad()
            nn.functional.cross_entropy(head(encoder(X[idx])), t[idx]).backward()
            opt.step()


# 1단계: 숫자 0–4로 인코더를 학습
train(head_a, Xa[tra], ta[tra], [*encoder.parameters(), *head_a.parameters()], 8, 0.05)

# 2단계: 인코더를 고정하고 새 헤드만 학습
for p in encoder.parameters():
    p.requires_grad = False
train(head_b, Xb[tr], tb[tr], [*encoder.parameters(), *head_b.parameters()], 30, 0.05)

with torch.no_grad():
    old = (head_a(encoder(Xa[tea])).argmax(1) == ta[tea]).float().mean().item()
    acc = (head_b(encoder(Xb[te])).argmax(1) == tb[te]).float().mean().item()
print(f"새 과제 정확도 {acc:.3f}, 이전 과제 정확도 {old:.3f}")
