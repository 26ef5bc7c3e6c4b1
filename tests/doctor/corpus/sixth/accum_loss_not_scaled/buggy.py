import argparse

import torch
import torch.nn.functional as F

parser = argparse.ArgumentParser(description="character classifier, small memory version")
parser.add_argument("--micro", type=int, default=8, help="samples that fit in memory")
parser.add_argument("--accum", type=int, default=8, help="micro batches per update")
parser.add_argument("--lr", type=float, default=0.03)
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--seed", type=int, default=3)
args = parser.parse_args()

torch.manual_seed(args.seed)
protos = torch.randn(6, 24)
labels = torch.arange(1536) % 6
labels = labels[torch.randperm(len(labels))]
feats = protos[labels] + 1.4 * torch.randn(len(labels), 24)
train_x, train_y = feats[:1024], labels[:1024]
test_x, test_y = feats[1024:], labels[1024:]

model = torch.nn.Sequential(
    torch.nn.Linear(24, 64),
    torch.nn.ReLU(),
    torch.nn.Linear(64, 6),
)
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)

for epoch in range(args.epochs):
    model.train()
    running = 0.0
    micro_batches = torch.randperm(len(train_x)).split(args.micro)
    assert len(micro_batches) % args.accum == 0
    optimizer.zero_grad()
    for step, idx in enumerate(micro_batches, start=1):
        loss = F.cross_entropy(model(train_x[idx]), train_y[idx])
        running += loss.item()
        loss.backward()
        if step % args.accum == 0:
            optimizer.step()
            optimizer.zero_grad()
    model.eval()
    with torch.no_grad():
        acc = (model(test_x).argmax(1) == test_y).float().mean().item()
    print(f"epoch {epoch}: loss {running / len(micro_batches):.3f}, test accuracy {acc:.3f}")
