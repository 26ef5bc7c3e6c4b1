"""exercise 4: will the student pass? (hours studied, hours slept, coffee)"""
import torch

torch.manual_seed(4)

hours = torch.rand(500, 1) * 10
sleep = torch.rand(500, 1) * 5 + 4
coffee = torch.randint(0, 6, (500, 1)).float()
score = 0.9 * (hours - 5) + 0.6 * (sleep - 6.5) - 0.2 * (coffee - 2.5) + 0.8 * torch.randn(500, 1)
passed = (score > 0).float()

inputs = torch.cat([hours, sleep, coffee], dim=1)
train_in, train_out = inputs[:400], passed[:400]
test_in, test_out = inputs[400:], passed[400:]

m, s = train_in.mean(0), train_in.std(0)
train_in = (train_in - m) / s
test_in = (test_in - m) / s

net = torch.nn.Sequential(
    torch.nn.Linear(3, 10),
    torch.nn.ReLU(),
    torch.nn.Linear(10, 1),
)
loss_function = torch.nn.CrossEntropyLoss()
opt = torch.optim.Adam(net.parameters(), lr=0.01)

net.train()
for epoch in range(100):
    opt.zero_grad()
    output = net(train_in)
    loss = loss_function(output, train_out)
    loss.backward()
    opt.step()
    if epoch % 20 == 19:
        print(epoch + 1, "loss", loss.item())

net.eval()
with torch.no_grad():
    guess = (net(test_in) > 0).float()
print("right on", int((guess == test_out).sum()), "of", len(test_out), "test students")
