import torch
import torch.nn as nn

torch.manual_seed(8)

# three arms
N = 150
arms, labels = [], []
for k in range(3):
    r = torch.linspace(0.1, 1, N)
    a = torch.linspace(0, 4, N) + k * 2 * torch.pi / 3 + 0.15 * torch.randn(N)
    arms.append(torch.stack([r * torch.sin(a), r * torch.cos(a)], dim=1))
    labels.append(torch.full((N,), k))
X = torch.cat(arms)
y = torch.cat(labels)

shuffle = torch.randperm(len(X))
X, y = X[shuffle], y[shuffle]
X_train, y_train = X[:350], y[:350]
X_test, y_test = X[350:], y[350:]

model = nn.Sequential(
    nn.Linear(2, 64),
    nn.ReLU(),
    nn.Linear(64, 64),
    nn.ReLU(),
    nn.Linear(64, 3),
)
loss_function = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for epoch in range(200):
    model.train()
    output = model(X_train)
    loss = loss_function(output, y_train)

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

    if (epoch + 1) % 50 == 0:
        model.eval()
        with torch.no_grad():
            predicted = model(X_test).argmax(dim=1)
            accuracy = (predicted == y_test).float().mean()
        print(f"Epoch {epoch + 1}: loss = {loss.item():.4f}, test accuracy = {accuracy.item():.3f}")
